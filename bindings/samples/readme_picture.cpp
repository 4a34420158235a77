#include <refrain.hpp>

int main(int argc, char **argv) {
    auto model = refrain::Model::open(argc > 1 ? argv[1] : "models/emoji/emoji_dit_f16.safetensors").value();
    auto engine = refrain::Engine::create(model).value(); // a GPU if there is one, else the CPU
    auto cat = refrain::Settings().steps(50).guidance(2.5f).seed(7).classes(model.find_class("cat").value());
    cat.policy(refrain::Policy::parse("taylorseer:interval=4,order=1").value());
    auto run = refrain::Sampling::create(engine, cat).value();
    while (run.advance().value().left > 0) {} // one network evaluation at a time
    std::printf("%s on %s\n", run.trace().value().c_str(), engine.device_name().value().c_str());
    std::vector<uint8_t> rgb = run.image(0).value(); // 32 x 32 x 3
    std::FILE *file = std::fopen(argc > 2 ? argv[2] : "cat.ppm", "wb");
    if (!file || std::fprintf(file, "P6 32 32 255\n") < 0) return 1;
    const bool written = std::fwrite(rgb.data(), 1, rgb.size(), file) == rgb.size();
    return std::fclose(file) == 0 && written ? 0 : 1;
}
