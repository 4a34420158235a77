/* A host with its own Vulkan device draws a picture: kernels from `refrain kernels --lang spirv`,
   the forward pass and what of it runs from refrain_program_..., decisions from
   refrain_scheduler_.... No code of refrain's executors runs.

   Usage: vulkan_host MODEL KERNELS OUT.ppm POLICY STEPS SEED GUIDANCE CLASS ANCHORS
                      [plant-workgroups|plant-binding] */
#include <refrain.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "vulkan_device.hpp"

static char why[300];
static void check(refrain_status status, const char *what) {
    if (status == REFRAIN_OK) return;
    throw std::runtime_error(std::string(what) + ": " + refrain_status_name(status) + " " + why);
}
#define TRY(call) check(call, #call)

static std::string string(refrain_text text) { return std::string(text.data, text.length); }

/* The file of a kernel with its constants: linear.f16.spv, attention.d64.spv. */
static std::string file(const refrain_command &command, const refrain_kernel &kernel) {
    static const char *const formats[] = {".f32", ".f16", ".bf16"};
    static const char *const anchors[] = {".f32", ".f16", ".int8"};
    std::string name = string(kernel.name);
    for (uint32_t i = 0; i < kernel.constant_count; i++) {
        refrain_text constant;
        TRY(refrain_kernel_constant(command.kernel, i, &constant));
        const uint32_t value = command.constants[i];
        if (string(constant) == "FORMAT")
            name += formats[value];
        else if (string(constant) == "ANCHOR_FORMAT")
            name += anchors[value];
        else
            name += ".d" + std::to_string(value);
    }
    return name + ".spv";
}

/* A program on a Vulkan device. */
struct Host {
    Device device;
    const refrain_program *program;
    std::vector<Buffer> buffers;
    /* Of each segment: a dispatch, or buffers to copy. */
    struct Command {
        Dispatch dispatch;
        uint32_t from, first, to;
    };
    std::vector<std::vector<Command>> segments;

    Host(const refrain_program *program, const std::string &kernels, const std::string &plant)
        : program(program) {
        refrain_program_sizes sizes;
        TRY(refrain_program_info(program, &sizes));
        std::vector<VkDeviceSize> bytes(sizes.buffer_count);
        for (uint32_t i = 0; i < sizes.buffer_count; i++) {
            refrain_buffer buffer;
            TRY(refrain_program_buffer(program, i, &buffer));
            bytes[i] = std::max<VkDeviceSize>(buffer.bytes, 4);
        }
        std::vector<std::vector<refrain_command>> all(sizes.segment_count);
        uint32_t dispatches = 0, bindings = 0;
        VkDeviceSize params = 0;
        const auto aligned = [&](VkDeviceSize size) {
            return (size + device.uniform_alignment - 1) / device.uniform_alignment
                   * device.uniform_alignment;
        };
        for (uint32_t s = 0; s < sizes.segment_count; s++) {
            refrain_segment segment;
            TRY(refrain_program_segment(program, s, &segment));
            all[s].resize(segment.command_count);
            for (uint32_t c = 0; c < segment.command_count; c++) {
                TRY(refrain_program_command(program, s, c, &all[s][c]));
                if (all[s][c].kernel == REFRAIN_NONE) continue;
                dispatches++;
                bindings += all[s][c].binding_count;
                params += aligned(all[s][c].params_bytes);
            }
        }
        bytes.push_back(params);
        buffers = device.allocate(bytes);
        for (uint32_t i = 0; i < sizes.buffer_count; i++) {
            const void *data;
            size_t count;
            TRY(refrain_program_contents(program, i, &data, &count));
            std::memcpy(buffers[i].data, data, count);
        }
        device.reserve(dispatches, bindings);
        std::map<std::string, Pipeline> pipelines;
        VkDeviceSize offset = 0;
        for (const auto &segment : all) {
            segments.emplace_back();
            for (const refrain_command &command : segment) {
                Command made = {{}, command.copy_from, command.copy_first, command.copy_to};
                if (command.kernel != REFRAIN_NONE) {
                    refrain_kernel kernel;
                    TRY(refrain_kernel_info(command.kernel, &kernel));
                    const std::string name = file(command, kernel);
                    if (!pipelines.count(name))
                        pipelines[name] = device.load(kernels + "/" + name, kernel.binding_count);
                    std::vector<Buffer> bound;
                    for (uint32_t i = 0; i < command.binding_count; i++)
                        bound.push_back(buffers[command.bindings[i]]);
                    if (plant == "plant-binding" && string(kernel.name) == "layer_norm_modulate")
                        std::swap(bound[0], bound[1]);
                    std::memcpy(buffers.back().data + offset, command.params, command.params_bytes);
                    made.dispatch.pipeline = pipelines[name];
                    made.dispatch.set = device.bind(pipelines[name], buffers.back(), offset,
                                                    command.params_bytes, bound);
                    std::copy(command.workgroups, command.workgroups + 3, made.dispatch.workgroups);
                    if (plant == "plant-workgroups" && string(kernel.name) == "attention")
                        made.dispatch.workgroups[0]--;
                    offset += aligned(command.params_bytes);
                }
                segments.back().push_back(made);
            }
        }
    }

    float *floats(uint32_t buffer) { return reinterpret_cast<float *>(buffers[buffer].data); }

    void run(std::vector<uint32_t> &path) {
        device.begin();
        for (uint32_t segment : path)
            for (const Command &command : segments[segment])
                if (command.dispatch.set)
                    device.dispatch(command.dispatch);
                else
                    device.copy(buffers[command.from], 4 * command.first, buffers[command.to]);
        device.finish();
        path.clear();
    }
};

/* One call: decides, runs, and commits. Returns false if it is to be made again. */
static bool call(Host &host, refrain_scheduler *scheduler, bool rolls_back, uint32_t step,
                 float timestep, std::vector<uint32_t> &computed, std::string &trace) {
    refrain_program_sizes sizes;
    TRY(refrain_program_info(host.program, &sizes));
    std::vector<refrain_decision> decisions(sizes.decision_count);
    std::vector<bool> begun(sizes.decision_count);
    std::vector<uint32_t> path;
    double values[16];
    size_t count;
    const float *sums = sizes.sums == REFRAIN_NONE ? nullptr : host.floats(sizes.sums);
    const size_t sum_count = sums ? host.buffers[sizes.sums].bytes / 4 : 0;
    const auto extend = [&](uint32_t part) {
        uint32_t segments[16];
        TRY(refrain_program_path(host.program, part, step, decisions.data(), sizes.decision_count,
                                 computed[0], segments, 16, &count));
        path.insert(path.end(), segments, segments + count);
    };
    for (uint32_t part = 0; part < sizes.part_count; part++) {
        uint32_t lane;
        TRY(refrain_program_part(host.program, part, &lane));
        if (lane != REFRAIN_NONE && !begun[lane]) {
            const refrain_call begin = {step, 0, lane, 0, timestep};
            refrain_decision &todo = decisions[lane];
            TRY(refrain_scheduler_begin(scheduler, &begin, &todo));
            begun[lane] = true;
            if (todo.needs > 0) {
                extend(part);
                host.run(path);
                TRY(refrain_program_values(host.program, &todo, computed[lane], sums, sum_count,
                                           values, 16, &count));
                TRY(refrain_scheduler_decide(scheduler, lane, values, uint32_t(count), &todo));
            }
            refrain_lane_buffers buffers;
            TRY(refrain_program_lane(host.program, lane, &buffers));
            for (int i = 0; i < 8; i++) {
                if (buffers.weights != REFRAIN_NONE)
                    host.floats(buffers.weights)[i] = todo.weights[i];
                if (buffers.corrections != REFRAIN_NONE)
                    host.floats(buffers.corrections)[i] = todo.weights[i] - todo.low_weights[i];
            }
        }
        extend(part);
    }
    host.run(path);
    bool made = true;
    for (uint32_t lane = 0; lane < sizes.decision_count; lane++) {
        refrain_event event;
        if (!begun[lane]) continue;
        TRY(refrain_program_values(host.program, &decisions[lane], computed[lane], sums, sum_count,
                                   values, 16, &count));
        TRY(refrain_scheduler_commit(scheduler, lane, values, uint32_t(count), &event));
        computed[lane] += event.action == REFRAIN_ACTION_COMPUTE;
        made &= !rolls_back || event.reason != REFRAIN_REASON_FORECAST_REJECTED;
        if (made) trace += refrain_action_letter(event.action);
    }
    return made;
}

static void draw(int argc, char **argv) {
    if (argc < 10) throw std::runtime_error("nine arguments are needed; see the source");
    refrain_policy policy;
    refrain_model *model;
    refrain_model_sizes shape;
    refrain_settings settings;
    refrain_program *program;
    refrain_program_sizes sizes;
    refrain_scheduler *scheduler;
    uint32_t class_number;
    TRY(refrain_policy_parse(argv[4], sizeof policy, &policy, why, sizeof why));
    TRY(refrain_model_open(argv[1], nullptr, &model, why, sizeof why));
    TRY(refrain_model_info(model, &shape));
    TRY(refrain_model_find_class(model, argv[8], &class_number));
    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.policy = &policy;
    settings.steps = uint32_t(std::atoi(argv[5]));
    settings.guidance = float(std::atof(argv[7]));
    settings.classes = &class_number;
    settings.class_count = 1;
    settings.anchor_format = refrain_anchor_format(std::atoi(argv[9]));
    TRY(refrain_program_create(model, &settings, &program, why, sizeof why));
    refrain_model_destroy(model);
    TRY(refrain_program_info(program, &sizes));
    TRY(refrain_program_policy(program, sizeof policy, &policy));
    size_t bytes;
    TRY(refrain_scheduler_size(sizes.lanes, &bytes));
    std::vector<std::max_align_t> memory(bytes / sizeof(std::max_align_t) + 1);
    TRY(refrain_scheduler_init(memory.data(), bytes, &policy, settings.steps, 1, sizes.lanes,
                               &scheduler, why, sizeof why));
    {
        Host host(program, argv[2], argc > 10 ? argv[10] : "");
        const size_t pixels = size_t(shape.input_size) * shape.input_size;
        std::vector<float> latent(shape.in_channels * pixels);
        const uint64_t seed = std::strtoull(argv[6], nullptr, 10);
        TRY(refrain_noise_fill(seed, latent.size(), latent.data(), latent.size()));
        std::vector<uint32_t> computed(sizes.decision_count);
        std::string trace;
        for (uint32_t i = 0; i < settings.steps; i++) {
            refrain_step step;
            TRY(refrain_program_step(program, i, &step));
            for (uint32_t row = 0; row < sizes.rows; row++)
                std::copy(latent.begin(), latent.end(), host.floats(sizes.x) + row * latent.size());
            if (i % sizes.calls == 0)
                for (uint32_t n = 0; n < sizes.calls && i + n < settings.steps; n++) {
                    refrain_step later;
                    TRY(refrain_program_step(program, i + n, &later));
                    std::fill_n(host.floats(sizes.t) + n * sizes.rows, sizes.rows, later.timestep);
                }
            if (sizes.filter != REFRAIN_NONE) {
                size_t count = host.buffers[sizes.filter].bytes / 4;
                TRY(refrain_program_filter(program, i, host.floats(sizes.filter), count, &count));
            }
            const bool rolls_back = policy.verify.kind == REFRAIN_VERIFY_KIND_ROLLBACK;
            while (!call(host, scheduler, rolls_back, i, step.timestep, computed, trace)) {}
            const float *prediction = host.floats(sizes.prediction);
            for (size_t k = 0; k < latent.size(); k++)
                latent[k] = step.keep * latent[k] + step.add * prediction[k];
        }
        std::ofstream out(argv[3], std::ios::binary);
        out << "P6\n" << shape.input_size << ' ' << shape.input_size << "\n255\n";
        for (size_t pixel = 0; pixel < pixels; pixel++)
            for (size_t channel = 0; channel < 3; channel++) {
                const float value = latent[channel * pixels + pixel];
                const float level = (std::min(std::max(value, -1.0f), 1.0f) + 1.0f) * 127.5f;
                out.put(char(static_cast<unsigned char>(level + 0.5f)));
            }
        if (!out.flush()) throw std::runtime_error(std::string(argv[3]) + ": cannot be written");
        std::printf("%s %s\n", trace.c_str(), host.device.name.c_str());
    }
    refrain_program_destroy(program);
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
