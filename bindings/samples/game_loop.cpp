/* SPDX-License-Identifier: MIT OR Apache-2.0

   A game at 60 frames a second draws a picture beside its own work: refrain gets 4 ms of every frame.

   Every frame takes input, moves 4000 sprites, gives the picture its slice, shows it, and sleeps until
   the next frame is due. For comparison the same is done with a whole call of the network a frame, as
   one does who cannot cut it. A call is made for many pictures at once, so that it is long.

   Usage: game_loop MODEL [FRAMES [STEPS [PICTURES]]] */
#include <refrain.hpp>

#include <algorithm>
#include <thread>

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

static constexpr auto FRAME = microseconds(16667);
static constexpr auto BUDGET = microseconds(4000);

static double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

/* The game: sprites that fly about and bounce. */
class Game {
  public:
    Game() : sprites_(4000) {
        for (std::size_t i = 0; i < sprites_.size(); i++)
            sprites_[i] = {float(i % 64), float(i / 64), float(i % 7) - 3.1f, float(i % 5) - 2.2f};
    }
    void update(float seconds) {
        for (Sprite &sprite : sprites_) {
            sprite.x += sprite.dx * seconds;
            sprite.y += sprite.dy * seconds;
            if (sprite.x < 0 || sprite.x > 64) sprite.dx = -sprite.dx;
            if (sprite.y < 0 || sprite.y > 64) sprite.dy = -sprite.dy;
        }
    }
    /* How full each of 8 x 8 tiles is: something to look at, and to depend on every sprite. */
    float fullest() const {
        float tiles[64] = {0};
        for (const Sprite &sprite : sprites_) {
            const int x = std::min(std::max(int(sprite.x) / 8, 0), 7);
            const int y = std::min(std::max(int(sprite.y) / 8, 0), 7);
            tiles[8 * y + x] += 1;
        }
        return *std::max_element(tiles, tiles + 64);
    }

  private:
    struct Sprite { float x, y, dx, dy; };
    std::vector<Sprite> sprites_;
};

/* A picture in letters, 32 x 16 of them: dark is dense, the background is white. */
static void show(const refrain::Sampling &run, uint32_t side, uint32_t left) {
    std::vector<uint8_t> rgb(3 * std::size_t(side) * side); // a game would keep it, and upload it
    if (!run.image(0, rgb)) return;
    std::printf("-- %u calls left\n", left);
    for (uint32_t row = 0; row < side; row += side / 16) {
        for (uint32_t column = 0; column < side; column += side / 32) {
            const uint8_t *pixel = &rgb[3 * (std::size_t(row) * side + column)];
            const int level = (pixel[0] * 3 + pixel[1] * 6 + pixel[2]) / 10;
            std::putchar("@%#*+=-:. "[std::min(level * 10 / 256, 9)]);
        }
        std::putchar('\n');
    }
}

struct Frames {
    std::vector<double> work; // ms from the beginning of a frame until all is done
    uint32_t overspent = 0;   // frames in which refrain took more than its budget
    uint32_t late = 0;        // frames that were not done when the next was due
    double longest = 0;       // ms of the longest slice
    double picture = -1;      // ms to the picture; -1 if it was not done
};

/* Runs the game until the picture is done, or so many frames; `sliced` gives 4 ms, else a whole call. */
static Frames play(refrain::Sampling &run, uint32_t frames, uint32_t side, bool sliced, bool drawing) {
    Game game;
    Frames seen;
    uint32_t left = 1, shown = 0;
    const Clock::time_point start = Clock::now();
    Clock::time_point due = start;
    for (uint32_t frame = 0; frame < frames || (left > 0 && frame < 100 * frames); frame++) {
        const Clock::time_point began = Clock::now();
        game.update(1.0f / 60);
        if (left > 0) {
            const Clock::time_point before = Clock::now();
            left = sliced ? run.advance_slice(BUDGET).value().left : run.advance().value().left;
            const Clock::duration took = Clock::now() - before;
            seen.overspent += took > BUDGET;
            seen.longest = std::max(seen.longest, milliseconds(took));
            if (left == 0) seen.picture = milliseconds(Clock::now() - start);
            if (drawing && (left == 0 || shown * 15 <= frame)) {
                shown++;
                show(run, side, left);
            }
        }
        if (game.fullest() > 4000) return seen; // cannot be; the work is not to be left out
        seen.work.push_back(milliseconds(Clock::now() - began));
        due += FRAME;
        if (Clock::now() > due) {
            seen.late++;
            due = Clock::now(); // do not try to catch up
        }
        std::this_thread::sleep_until(due);
    }
    return seen;
}

static void report(const char *how, Frames &seen) {
    std::vector<double> &work = seen.work;
    std::sort(work.begin(), work.end());
    const auto at = [&](double share) { return work[std::size_t(share * double(work.size() - 1))]; };
    std::printf("%-9s %zu frames: work p50 %.2f p99 %.2f max %.2f ms, %u late; refrain at most %.2f ms, "
                "over 4 ms in %u; picture after %.0f ms\n",
                how, work.size(), at(0.5), at(0.99), work.back(), seen.late, seen.longest,
                seen.overspent, seen.picture);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: game_loop MODEL [FRAMES [STEPS [PICTURES]]]\n");
        return 1;
    }
    const auto number = [&](int at, int other) { return uint32_t(argc > at ? std::atoi(argv[at]) : other); };
    const uint32_t frames = number(2, 120), steps = number(3, 50);
    const std::vector<uint32_t> classes(number(4, 4), 8); // 8 is the cat
    const auto model = refrain::Model::open(argv[1]);
    if (!model) {
        std::fprintf(stderr, "%s\n", model.error().message());
        return 1;
    }
    const auto engine = refrain::Engine::create(*model, REFRAIN_BACKEND_CPU).value();
    const uint32_t side = model->info().value().input_size;
    refrain::Settings settings;
    settings.steps(steps).guidance(2.5f).seed(7).classes(classes);
    settings.policy(refrain::Policy::parse("taylorseer:interval=4,order=1").value());
    std::vector<std::vector<float>> pictures;
    for (const bool sliced : {true, false}) {
        auto run = refrain::Sampling::create(engine, settings);
        if (!run) {
            std::fprintf(stderr, "%s\n", run.error().message());
            return 1;
        }
        Frames seen = play(*run, frames, side, sliced, sliced);
        if (seen.picture < 0) {
            std::fprintf(stderr, "the picture was not done\n");
            return 1;
        }
        report(sliced ? "sliced" : "unsliced", seen);
        pictures.push_back(run->latents(0).value());
    }
    const bool same = pictures[0] == pictures[1];
    std::printf("the pictures are %s\n", same ? "the same" : "DIFFERENT");
    return same ? 0 : 1;
}
