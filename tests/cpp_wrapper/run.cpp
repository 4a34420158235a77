// Kernels, models, engines, samplings, single evaluations and programs through the wrapper.
//
// Usage: run MODEL SMALL-MODEL HEADS [brief|plant-seed]; brief makes one short run of the small model.
#include <refrain.hpp>

#include <algorithm>
#include <cmath>

#include "check.hpp"

using namespace std::chrono_literals;
using refrain::Engine;
using refrain::Model;
using refrain::Policy;
using refrain::Sampling;
using refrain::Settings;

static std::string_view plant;

static void kernels() {
    CHECK(refrain::Library::has(REFRAIN_FEATURE_KERNELS));
    const auto kernel = TRY(refrain::Kernel::find("linear"));
    CHECK(kernel.index() < refrain::Kernel::count() && kernel.name() == "linear");
    CHECK(!kernel.summary().empty() && &kernel.capi() == &kernel.info());
    CHECK(TRY(kernel.source()).find("fn main") != std::string_view::npos);
    CHECK(TRY(kernel.binding(1)).element <= REFRAIN_ELEMENT_ANCHORS);
    FAILS(kernel.binding(0), REFRAIN_E_RANGE);
    CHECK(TRY(kernel.constant(0)) == "FORMAT");
    FAILS(kernel.constant(9), REFRAIN_E_RANGE);
    FAILS(refrain::Kernel::find("lineal"), REFRAIN_E_RANGE);
    FAILS(refrain::Kernel::at(refrain::Kernel::count()), REFRAIN_E_RANGE);
    CHECK(TRY(refrain::Kernel::at(kernel.index())).name() == "linear");
    if (refrain::Library::has(REFRAIN_FEATURE_EXPORT)) {
        const uint32_t formats[1] = {REFRAIN_WEIGHT_FORMAT_F16};
        const auto spirv = TRY(kernel.translate(REFRAIN_LANGUAGE_SPIRV, formats));
        CHECK(spirv.size() % 4 == 0 && spirv[0] == 0x03 && spirv[3] == 0x07);
        std::vector<uint8_t> room(spirv.size());
        CHECK(TRY(kernel.translate(REFRAIN_LANGUAGE_SPIRV, formats, room)) == room.size() && room == spirv);
        const auto small = kernel.translate(REFRAIN_LANGUAGE_SPIRV, formats, refrain::span<uint8_t>());
        FAILS(small, REFRAIN_E_CAPACITY);
        CHECK(small.error().needed() == spirv.size());
        const auto none = kernel.translate(REFRAIN_LANGUAGE_SPIRV, refrain::span<const uint32_t>());
        FAILS(none, REFRAIN_E_VALUE);
        CHECK(none.error().message() != none.error().name());
        const auto other = TRY(kernel.translate(REFRAIN_LANGUAGE_SPIRV, formats, 0));
        CHECK(other.size() % 4 == 0 && other != spirv);
        FAILS(kernel.translate(REFRAIN_LANGUAGE_SPIRV, formats, 9999), REFRAIN_E_RANGE);
    }
    CHECK(TRY(kernel.variants()) > 5 && TRY(TRY(refrain::Kernel::find("blend")).variants()) == 0);
    FAILS(kernel.variant(9999), REFRAIN_E_RANGE);
    uint32_t params[8] = {5, 16, 24};
    const auto *bytes = reinterpret_cast<const uint8_t *>(params);
    const refrain::span<const uint8_t> block(bytes, kernel.info().params_bytes);
    const uint32_t f32[1] = {REFRAIN_WEIGHT_FORMAT_F32};
    for (uint32_t i = 0; i < TRY(kernel.variants()); i++) {
        const auto variant = TRY(kernel.variant(i));
        if (std::string_view(variant.name.data, variant.name.length) != "tile32") continue;
        CHECK((TRY(kernel.workgroups(i, block, f32)) == std::array<uint32_t, 3>{1, 1, 1}));
        params[0] = 0;
        const auto none = kernel.workgroups(i, block, f32);
        FAILS(none, REFRAIN_E_UNSUPPORTED);
        CHECK(std::string_view(none.error().message()).find("tile32") != std::string_view::npos);
    }
    CHECK(params[0] == 0);
}

static Settings settings(uint32_t steps, uint32_t picture) {
    Settings made;
    made.steps(steps).seed(7).guidance(2.5f).classes(picture);
    made.policy(TRY(Policy::parse("taylorseer:interval=2,warmup=2")));
    return made;
}

static std::vector<uint8_t> picture(const Engine &engine, const Settings &what) {
    auto run = TRY(Sampling::create(engine, what));
    while (TRY(run.advance()).left > 0) {}
    return TRY(run.image(0));
}

static void models(const char *path, const char *small_path, uint32_t heads) {
    FAILS(Model::open("nowhere"), REFRAIN_E_FILE);
    FAILS(Model::open(nullptr), REFRAIN_E_NULL);
    Model model = TRY(Model::open(path));
    const refrain_model_sizes sizes = TRY(model.info());
    CHECK(sizes.in_channels == 3 && sizes.depth > 0);
    char name[32];
    const std::size_t length = TRY(model.class_name(8, name));
    CHECK(std::string_view(name, length) == "cat" && TRY(model.class_name(8)) == "cat");
    CHECK(TRY(model.find_class("cat")) == 8);
    FAILS(model.find_class("unicorns"), REFRAIN_E_RANGE);
    FAILS(model.class_name(sizes.num_classes), REFRAIN_E_RANGE);

    std::FILE *file = std::fopen(small_path, "rb");
    CHECK(file);
    std::vector<std::byte> bytes(1 << 20);
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    refrain_model_options options{};
    options.struct_size = sizeof options;
    options.num_heads = heads;
    const Model small = TRY(Model::from_memory(bytes, &options));
    CHECK(TRY(small.info()).num_heads == heads);
    CHECK(TRY(TRY(Model::open(small_path, &options)).info()).fingerprint == TRY(small.info()).fingerprint);
    const auto cut = Model::from_memory(refrain::span<const std::byte>(bytes).first(bytes.size() - 1), &options);
    FAILS(cut, REFRAIN_E_FORMAT);
    CHECK(cut.error().message() != cut.error().name());

    // What was moved from owns nothing; what was released is the caller's.
    Model moved = std::move(model);
    FAILS(model.info(), REFRAIN_E_NULL); // NOLINT: that is what is tested
    FAILS(Engine::create(model), REFRAIN_E_NULL);
    refrain_model *raw = moved.release();
    CHECK(moved.capi() == nullptr && raw != nullptr);
    model = Model(raw);
    CHECK(TRY(model.info()).fingerprint == sizes.fingerprint);
}

static void samplings(const Model &model) {
    Engine engine = TRY(Engine::create(model, REFRAIN_BACKEND_CPU));
    FAILS(Engine::create(model, refrain_backend(9)), REFRAIN_E_VALUE);
    char device[100];
    const std::size_t length = TRY(engine.device_name(device));
    CHECK(std::string_view(device, length).substr(0, 3) == "cpu" && TRY(engine.device_name()) == device);
    CHECK(TRY(engine.tuning()).empty());
    TRY(engine.remember_tuning(""));

    const Settings what = settings(8, 8);
    const refrain_memory memory = TRY(what.memory(model, REFRAIN_BACKEND_CPU));
    CHECK(memory.weights > 0 && memory.anchors > 0);
    FAILS(Settings().memory(model, REFRAIN_BACKEND_CPU), REFRAIN_E_VALUE);
    const auto refused = Sampling::create(engine, Settings(what).steps(0));
    FAILS(refused, REFRAIN_E_VALUE);
    CHECK(refused.error().message() != refused.error().name());

    // Callbacks: of the log, and after every call.
    std::string heard;
    auto listen = [&](refrain_message message, const char *text) {
        heard += std::string(refrain::name(message)) + "=" + text + "\n";
    };
    TRY(engine.on_message(listen));
    auto run = TRY(Sampling::create(engine, what));
    std::string trace;
    uint32_t calls = 0;
    auto follow = [&](const refrain_event &event, uint32_t made, uint32_t all) {
        trace += refrain::letter(event.action);
        CHECK(made == ++calls && all == 8);
    };
    TRY(run.on_progress(follow));
    CHECK(TRY(run.memory()).anchors == memory.anchors);
    refrain::Advance last{};
    do {
        last = TRY(run.advance());
    } while (last.left > 0);
    CHECK(last.event.step == 7 && trace == "CCpCpCpC" && TRY(run.trace()) == trace);
    char letters[9];
    CHECK(TRY(run.trace(letters)) == 8 && trace == letters);
    CHECK(TRY(run.event(2)).action == REFRAIN_ACTION_PREDICT);
    FAILS(run.event(8), REFRAIN_E_RANGE);
    CHECK(TRY(run.stats()).computed == 5 && TRY(run.notice()) == REFRAIN_NOTICE_NONE);
    FAILS(run.advance(), REFRAIN_E_ORDER);
    FAILS(run.advance_slice(1ms), REFRAIN_E_ORDER);
    FAILS(run.decide_on_device(), REFRAIN_E_VALUE);
    CHECK(heard.find("started=") != std::string::npos && heard.find("finished=CCpCpCpC") != std::string::npos);

    // Pictures and latents.
    const std::vector<uint8_t> expected = TRY(run.image(0));
    std::vector<uint8_t> rgb(expected.size());
    CHECK(TRY(run.image(0, rgb)) == 3 * 32 * 32 && rgb == expected);
    FAILS(run.image(1), REFRAIN_E_RANGE);
    const auto small = run.image(0, refrain::span<uint8_t>(rgb).first(5));
    FAILS(small, REFRAIN_E_CAPACITY);
    CHECK(small.error().needed() == rgb.size());
    const std::vector<float> latents = TRY(run.latents(0));
    std::vector<float> values(latents.size());
    CHECK(TRY(run.latents(0, values)) == 3 * 32 * 32 && values == latents);
    if (plant == "plant-seed") CHECK(picture(engine, Settings(what).seed(8)) == expected);

    // Slices make the same picture, bit for bit; a cut call may be given up.
    auto sliced = TRY(Sampling::create(engine, what));
    uint32_t slices = 0, made = 0, left = 8;
    while (left > 0) {
        const refrain::Slice slice = slices % 2 ? TRY(sliced.advance_slice(200us))
                                                : TRY(sliced.advance_commands(7));
        made += slice.made;
        left = slice.left;
        slices++;
    }
    CHECK(made == 8 && slices > 8 && TRY(sliced.latents(0)) == latents);
    auto cut = TRY(Sampling::create(engine, what));
    CHECK(TRY(cut.advance_slice(-5ms)).made == 0 && TRY(cut.advance_slice(0ns)).left == 8);
    TRY(cut.cancel());
    TRY(cut.on_progress(follow));
    TRY(cut.on_progress(nullptr));
    while (TRY(cut.advance()).left > 0) {}
    CHECK(calls == 8 && TRY(cut.latents(0)) == latents);

    // Saved, dropped and resumed.
    auto going = TRY(Sampling::create(engine, what));
    for (int i = 0; i < 3; i++) TRY(going.advance());
    TRY(going.advance_commands(3));
    FAILS(going.save(), REFRAIN_E_ORDER);
    CHECK(TRY(going.advance()).left == 4);
    const std::vector<uint8_t> bytes = TRY(going.save());
    std::vector<uint8_t> again(bytes.size());
    CHECK(TRY(going.save(again)) == bytes.size() && again == bytes);
    going = Sampling();
    auto resumed = TRY(Sampling::resume(engine, bytes));
    while (TRY(resumed.advance()).left > 0) {}
    CHECK(TRY(resumed.trace()) == trace && TRY(resumed.latents(0)) == latents && TRY(resumed.image(0)) == expected);
    again[bytes.size() / 2] ^= 1;
    FAILS(Sampling::resume(engine, again), REFRAIN_E_FORMAT);

    // From latents of the caller's; a list of classes.
    std::vector<float> noise(2 * 3 * 32 * 32);
    TRY(refrain::noise(7, 3 * 32 * 32, noise));
    FAILS(refrain::noise(7, 3 * 32 * 32, refrain::span<float>(noise).first(5)), REFRAIN_E_VALUE);
    const std::vector<uint32_t> pair = {8, 8};
    auto both = TRY(Sampling::create(engine, Settings(what).seed(99).classes(pair).latents(noise)));
    while (TRY(both.advance()).left > 0) {}
    CHECK(TRY(both.image(0)) == expected && TRY(both.image(1)) != expected);
    FAILS(Sampling::create(engine, Settings(what).sampler(refrain_sampler(7))), REFRAIN_E_VALUE);
    FAILS(Sampling::create(engine, Settings(what).sampler(REFRAIN_SAMPLER_DDIM)), REFRAIN_E_VALUE);
    CHECK(picture(engine, Settings(what).sampler(REFRAIN_SAMPLER_EULER)
                              .anchor_format(REFRAIN_ANCHOR_FORMAT_INT8)) != expected);

    // A run outlives its engine, and is moved.
    auto early = TRY(Sampling::create(engine, what));
    TRY(engine.on_message(nullptr));
    const std::string before = heard;
    Engine other = std::move(engine);
    FAILS(engine.device_name(), REFRAIN_E_NULL); // NOLINT: that is what is tested
    other = Engine();
    Sampling moved;
    FAILS(moved.advance(), REFRAIN_E_NULL);
    FAILS(moved.on_progress(follow), REFRAIN_E_NULL);
    moved = std::move(early);
    while (TRY(moved.advance()).left > 0) {}
    CHECK(TRY(moved.image(0)) == expected && heard == before);
    refrain_sampling *raw = moved.release();
    moved = Sampling(raw);
    CHECK(TRY(moved.image(0)) == expected);
}

static void evaluations(const Model &model) {
    Engine engine(TRY(Engine::create(model, REFRAIN_BACKEND_CPU)).release());
    std::vector<float> x(3 * 32 * 32);
    TRY(refrain::noise(1, x.size(), x));
    const float t[1] = {500};
    const uint32_t y[1] = {8};
    auto whole = TRY(refrain::Forward::create(engine, x, t, y));
    FAILS(whole.output(), REFRAIN_E_ORDER);
    CHECK(TRY(whole.finish()));
    auto cut = TRY(refrain::Forward::create(engine, x, t, y));
    uint32_t slices = 1;
    while (!TRY(cut.advance(1us, 3))) slices++;
    const std::vector<float> output = TRY(whole.output());
    CHECK(slices > 3 && output.size() == x.size() && TRY(cut.output()) == output);
    std::vector<float> room(output.size());
    CHECK(TRY(cut.output(room)) == room.size() && room == output);
    FAILS(refrain::Forward::create(engine, x, t, {}), REFRAIN_E_VALUE);
    FAILS(refrain::Forward::create(engine, refrain::span<const float>(x).first(4), t, y), REFRAIN_E_VALUE);
    auto moved = std::move(cut);
    FAILS(cut.finish(), REFRAIN_E_NULL); // NOLINT: that is what is tested
    refrain::Forward again(moved.release());
    CHECK(again.capi() && TRY(again.output()) == output);

    const auto steps = TRY(refrain::sampler_steps(REFRAIN_SAMPLER_EULER, 10));
    CHECK(steps.size() == 10 && steps[0].timestep == 1000.0f);
    refrain_step few[4];
    FAILS(refrain::sampler_steps(REFRAIN_SAMPLER_EULER, 10, few), REFRAIN_E_CAPACITY);
    CHECK(TRY(refrain::sampler_steps(REFRAIN_SAMPLER_EULER, 4, few)) == 4);
}

static void programs(const Model &model) {
    Settings what = settings(8, 8);
    what.policy(TRY(Policy::parse("seacache")));
    refrain::Program program(TRY(refrain::Program::create(model, what)).release());
    FAILS(refrain::Program::create(model, Settings()), REFRAIN_E_VALUE);
    const refrain_program_sizes sizes = TRY(program.info());
    CHECK(TRY(TRY(program.policy()).text()) == "seacache" && sizes.lanes == 1);
    std::size_t bytes = 0;
    for (uint32_t i = 0; i < sizes.buffer_count; i++) {
        const refrain_buffer buffer = TRY(program.buffer(i));
        const auto contents = TRY(program.contents(i));
        CHECK(contents.empty() || contents.size() == buffer.bytes);
        bytes += contents.size();
    }
    CHECK(bytes > TRY(model.info()).parameters);
    FAILS(program.buffer(sizes.buffer_count), REFRAIN_E_RANGE);
    FAILS(program.contents(sizes.buffer_count), REFRAIN_E_RANGE);
    std::vector<uint32_t> all;
    for (uint32_t i = 0; i < sizes.segment_count; i++) all.push_back(i);
    CHECK(TRY(program.segment(0)).command_count > 0);
    CHECK(TRY(program.command(0, 0)).kernel != 0 || TRY(program.command(0, 0)).params_bytes > 0);
    FAILS(program.command(0, 9999), REFRAIN_E_RANGE);
    FAILS(program.segment(sizes.segment_count), REFRAIN_E_RANGE);
    std::vector<refrain_lifetime> lifetimes(sizes.buffer_count);
    TRY(program.lifetimes(all, lifetimes));
    CHECK(lifetimes[sizes.x].first != REFRAIN_NONE);
    FAILS(program.lifetimes(all, refrain::span<refrain_lifetime>(lifetimes).first(1)), REFRAIN_E_CAPACITY);
    CHECK(TRY(program.lane(0)).weights != REFRAIN_NONE);
    FAILS(program.lane(sizes.decision_count), REFRAIN_E_RANGE);
    FAILS(program.part(sizes.part_count), REFRAIN_E_RANGE);

    auto scheduler = TRY(refrain::Scheduler::create(TRY(program.policy()), 8, sizes.lanes));
    refrain::Step step = TRY(scheduler.begin(0));
    uint32_t segments[16];
    const refrain_decision decisions[1] = {step.decision()};
    uint32_t parts = 0;
    for (uint32_t part = 0; part < sizes.part_count; part++) {
        if (TRY(program.part(part)) == 0) parts++;
        CHECK(TRY(program.path(part, 0, decisions, 0, segments)) <= 16);
    }
    CHECK(parts > 0);
    FAILS(program.path(0, 0, {}, 0, segments), REFRAIN_E_VALUE);
    double values[16];
    const std::vector<float> sums(64);
    CHECK(TRY(program.values(step.decision(), 0, sums, values)) == step.needs());
    CHECK(TRY(program.step(0)).timestep == 1000.0f);
    FAILS(program.step(8), REFRAIN_E_RANGE);
    if (sizes.filter == REFRAIN_NONE) FAILS(program.filter(0, {}), REFRAIN_E_UNSUPPORTED);
    else FAILS(program.filter(0, {}), REFRAIN_E_CAPACITY);
    auto moved = std::move(program);
    FAILS(program.info(), REFRAIN_E_NULL); // NOLINT: that is what is tested
    CHECK(TRY(moved.info()).rows == 2);
}

// What a watcher that is a hundred times slower gets to see.
static void brief(const char *small_path, uint32_t heads) {
    refrain_model_options options{};
    options.struct_size = sizeof options;
    options.num_heads = heads;
    const Model model = TRY(Model::open(small_path, &options));
    Engine engine = TRY(Engine::create(model, REFRAIN_BACKEND_CPU));
    Settings what;
    what.steps(3).classes(1).policy(TRY(Policy::parse("interval:interval=2")));
    auto run = TRY(Sampling::create(engine, what));
    uint32_t calls = 0;
    auto follow = [&](const refrain_event &, uint32_t made, uint32_t) { calls = made; };
    TRY(run.on_progress(follow));
    CHECK(TRY(run.advance_commands(3)).made == 0);
    TRY(run.cancel());
    while (TRY(run.advance_slice(1ms)).left > 0) {}
    CHECK(calls == 3 && TRY(run.latents(0)).size() > 0);
    FAILS(run.image(0), REFRAIN_E_UNSUPPORTED);
    const auto program = TRY(refrain::Program::create(model, what));
    CHECK(TRY(program.info()).segment_count > 0);
}

int main(int argc, char **argv) {
    CHECK(argc >= 4);
    if (argc > 4) plant = argv[4];
    kernels();
    models(argv[1], argv[2], uint32_t(std::atoi(argv[3])));
    const Model model = TRY(Model::open(argv[1]));
    if (plant == "brief") {
        brief(argv[2], uint32_t(std::atoi(argv[3])));
        std::puts("ran");
        return 0;
    }
    samplings(model);
    evaluations(model);
    programs(model);
    std::puts("ran");
    return 0;
}
