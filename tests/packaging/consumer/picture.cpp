// Draws a smile on the CPU and writes it as a PPM.
//
// Usage: picture MODEL OUT.ppm POLICY STEPS
#include <refrain.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

template <class T, void (*destroy)(T *)>
struct Destroy {
    void operator()(T *object) const { destroy(object); }
};
using Model = std::unique_ptr<refrain_model, Destroy<refrain_model, refrain_model_destroy>>;
using Engine = std::unique_ptr<refrain_engine, Destroy<refrain_engine, refrain_engine_destroy>>;
using Sampling = std::unique_ptr<refrain_sampling, Destroy<refrain_sampling, refrain_sampling_destroy>>;

static char why[300];

static void check(refrain_status status) {
    if (status == REFRAIN_OK) return;
    std::fprintf(stderr, "%s: %s\n", refrain_status_name(status), why);
    std::exit(1);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    refrain_policy policy;
    check(refrain_policy_parse(argv[3], sizeof policy, &policy, why, sizeof why));
    refrain_model *opened = nullptr;
    check(refrain_model_open(argv[1], nullptr, &opened, why, sizeof why));
    Model model(opened);
    refrain_engine *created = nullptr;
    check(refrain_engine_create(model.get(), REFRAIN_BACKEND_CPU, &created, why, sizeof why));
    Engine engine(created);

    refrain_settings settings;
    check(refrain_settings_default(sizeof settings, &settings));
    const std::uint32_t smile = 0;
    settings.policy = &policy;
    settings.steps = static_cast<std::uint32_t>(std::atoi(argv[4]));
    settings.seed = 7;
    settings.guidance = 3.0f;
    settings.classes = &smile;
    settings.class_count = 1;
    refrain_sampling *started = nullptr;
    check(refrain_sampling_create(engine.get(), &settings, &started, why, sizeof why));
    Sampling sampling(started);
    for (std::uint32_t left = 1; left > 0;) {
        refrain_event event;
        check(refrain_sampling_advance(sampling.get(), &event, &left, why, sizeof why));
        std::putchar(refrain_action_letter(event.action));
    }

    std::vector<unsigned char> rgb(3 * 32 * 32);
    std::size_t length = 0;
    check(refrain_sampling_image(sampling.get(), 0, rgb.data(), rgb.size(), &length));
    std::FILE *file = std::fopen(argv[2], "wb");
    if (!file || std::fprintf(file, "P6\n32 32\n255\n") < 0
        || std::fwrite(rgb.data(), 1, length, file) != length || std::fclose(file) != 0)
        return 1;
    return std::putchar('\n') == EOF;
}
