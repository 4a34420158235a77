/* SPDX-License-Identifier: MIT OR Apache-2.0

   A host with its own Vulkan device draws a picture: kernels from `refrain kernels --lang spirv`, the
   forward pass and what of it runs from refrain::Program, decisions from refrain::Scheduler. No code of
   refrain's executors runs.

   Usage: vulkan_host MODEL KERNELS OUT.ppm POLICY STEPS SEED GUIDANCE CLASS ANCHORS
                      [plant-workgroups|plant-binding] */
#include <refrain.hpp>

#include "vulkan_program.hpp"

/* Decides, call by call, and has the device run what is to be run. */
class Host {
  public:
    Host(const refrain::Program &program, VulkanProgram &device, uint32_t steps)
        : program_(program), device_(device), computed_(device.sizes.decision_count) {
        const auto policy = take(program.policy());
        rolls_back_ = policy.capi().verify.kind == REFRAIN_VERIFY_KIND_ROLLBACK;
        scheduler_ = take(refrain::Scheduler::create(policy, steps, device.sizes.lanes));
        if (device.sizes.sums != REFRAIN_NONE)
            sums_ = {device.floats(device.sizes.sums), device.count(device.sizes.sums)};
    }

    /* One call: decides, runs, and commits. Returns false if it is to be made again. If the device
       fails, what is open is abandoned. */
    bool call(uint32_t number, float timestep, std::string &trace) {
        const refrain_program_sizes &sizes = device_.sizes;
        std::vector<refrain::Step> steps(sizes.decision_count);
        std::vector<refrain_decision> decisions(sizes.decision_count);
        std::vector<uint32_t> path;
        double values[16];
        const auto extend = [&](uint32_t part) {
            uint32_t segments[16];
            const std::size_t count =
                take(program_.path(part, number, decisions, computed_[0], segments));
            path.insert(path.end(), segments, segments + count);
        };
        const auto measured = [&](uint32_t lane) {
            const std::size_t count =
                take(program_.values(decisions[lane], computed_[lane], sums_, values));
            return refrain::span<const double>(values, count);
        };
        for (uint32_t part = 0; part < sizes.part_count; part++) {
            const uint32_t lane = take(program_.part(part));
            if (lane != REFRAIN_NONE && !steps[lane].open()) {
                refrain::Step &step = steps[lane];
                step = take(scheduler_.begin(number, lane, timestep));
                decisions[lane] = step.decision();
                if (step.needs() > 0) {
                    extend(part);
                    device_.run(path);
                    take(step.decide(measured(lane)));
                    decisions[lane] = step.decision();
                }
                write_weights(step);
            }
            extend(part);
        }
        device_.run(path);
        bool made = true;
        for (uint32_t lane = 0; lane < sizes.decision_count; lane++) {
            if (!steps[lane].open()) continue;
            const refrain_event event = take(steps[lane].commit(measured(lane)));
            computed_[lane] += event.action == REFRAIN_ACTION_COMPUTE;
            made &= !rolls_back_ || !refrain::rejected(event);
            if (made) trace += refrain::letter(event.action);
        }
        return made;
    }

  private:
    void write_weights(const refrain::Step &step) {
        const refrain_lane_buffers buffers = take(program_.lane(step.lane()));
        const auto weights = step.weights(), low = step.low_weights();
        for (std::size_t i = 0; i < weights.size(); i++) {
            if (buffers.weights != REFRAIN_NONE) device_.floats(buffers.weights)[i] = weights[i];
            if (buffers.corrections != REFRAIN_NONE)
                device_.floats(buffers.corrections)[i] = weights[i] - low[i];
        }
    }

    const refrain::Program &program_;
    VulkanProgram &device_;
    refrain::Scheduler scheduler_;
    bool rolls_back_ = false;
    refrain::span<const float> sums_;
    std::vector<uint32_t> computed_; /* calls of a lane that were computed */
};

static void write_ppm(const char *path, const std::vector<float> &latent, uint32_t side) {
    std::ofstream out(path, std::ios::binary);
    out << "P6\n" << side << ' ' << side << "\n255\n";
    const std::size_t pixels = std::size_t(side) * side;
    for (std::size_t pixel = 0; pixel < pixels; pixel++)
        for (std::size_t channel = 0; channel < 3; channel++) {
            const float value = latent[channel * pixels + pixel];
            const float level = (std::min(std::max(value, -1.0f), 1.0f) + 1.0f) * 127.5f;
            out.put(char(static_cast<unsigned char>(level + 0.5f)));
        }
    if (!out.flush()) throw std::runtime_error(std::string(path) + ": cannot be written");
}

static void draw(int argc, char **argv) {
    if (argc < 10) throw std::runtime_error("nine arguments are needed; see the source");
    refrain::Model model = take(refrain::Model::open(argv[1]));
    const refrain_model_sizes shape = take(model.info());
    const uint32_t steps = uint32_t(std::atoi(argv[5]));
    refrain::Settings settings;
    settings.policy(take(refrain::Policy::parse(argv[4]))).steps(steps);
    settings.guidance(float(std::atof(argv[7]))).classes(take(model.find_class(argv[8])));
    settings.anchor_format(refrain_anchor_format(std::atoi(argv[9])));
    const refrain::Program program = take(refrain::Program::create(model, settings));
    model = refrain::Model(); /* the program has what it needs */

    VulkanProgram device(program, argv[2], argc > 10 ? argv[10] : "");
    Host host(program, device, steps);
    const refrain_program_sizes &sizes = device.sizes;
    std::vector<float> latent(std::size_t(shape.in_channels) * shape.input_size * shape.input_size);
    take(refrain::noise(std::strtoull(argv[6], nullptr, 10), latent.size(), latent));
    std::string trace;
    for (uint32_t i = 0; i < steps; i++) {
        const refrain_step step = take(program.step(i));
        for (uint32_t row = 0; row < sizes.rows; row++)
            std::copy(latent.begin(), latent.end(), device.floats(sizes.x) + row * latent.size());
        if (i % sizes.calls == 0)
            for (uint32_t n = 0; n < sizes.calls && i + n < steps; n++)
                std::fill_n(device.floats(sizes.t) + n * sizes.rows, sizes.rows,
                            take(program.step(i + n)).timestep);
        if (sizes.filter != REFRAIN_NONE)
            take(program.filter(i, {device.floats(sizes.filter), device.count(sizes.filter)}));
        while (!host.call(i, step.timestep, trace)) {}
        const float *prediction = device.floats(sizes.prediction);
        for (std::size_t k = 0; k < latent.size(); k++)
            latent[k] = step.keep * latent[k] + step.add * prediction[k];
    }
    write_ppm(argv[3], latent, shape.input_size);
    std::printf("%s %s\n", trace.c_str(), device.device.name.c_str());
}

int main(int argc, char **argv) {
    try {
        draw(argc, argv);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
