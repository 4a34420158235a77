/* SPDX-License-Identifier: MIT OR Apache-2.0

   A graph executor (toy_graph.hpp) asks refrain before every block whether to run it, in the callback
   that graph libraries have for that. Under a policy of the trunk all blocks are skipped as one; under
   one with a lane a block each block is decided by itself, from the change of its own input.

   Usage: ggml_style [POLICY]... */
#include <refrain.hpp>

#include "toy_graph.hpp"

class Cache {
  public:
    explicit Cache(const refrain::Policy &policy)
        : keep_(policy.capi().site.keep), lanes_(policy.lanes(BLOCKS, STEPS).value()),
          scheduler_(refrain::Scheduler::create(policy, STEPS, lanes_).value()),
          rings_(policy.granules(BLOCKS).value(), Ring(policy.anchors().value())),
          steps_(lanes_), previous_(lanes_), computed_(lanes_) {
        for (uint32_t i = 0; i < BLOCKS; i++)
            places_.push_back(policy.place({REFRAIN_UNIT_BLOCK, i, BLOCKS, 0, STEPS}).value());
    }

    /* A call of the network, observed. If the engine throws, its steps are abandoned. */
    const Tensor &compute(Graph &graph, uint32_t number, const Tensor &x, float t) {
        for (refrain::Step &step : steps_) step = refrain::Step();
        graph.before = [&](Node &node) { return before(node, number, t); };
        graph.after = [&](Node &node) { keep(node); };
        const Tensor &out = graph.compute(x, t);
        for (uint32_t lane = 0; lane < lanes_; lane++) {
            if (steps_[lane].computes()) computed_[lane] = previous_[lane];
            steps_[lane].commit().value();
        }
        return out;
    }

  private:
    struct Ring {
        explicit Ring(uint32_t slots) : anchors(slots, Tensor(TOKENS * WIDTH)) {}
        std::vector<Tensor> anchors;
        Tensor base;
    };

    Verdict before(Node &node, uint32_t number, float t) {
        if (node.op != Node::Block) return Verdict::Run;
        const refrain_place &place = places_[node.block];
        if (place.granule == REFRAIN_NONE) return Verdict::Run;
        const Tensor &input = node.inputs[0]->output;
        refrain::Step &step = steps_[place.lane];
        if (!step.open()) { // the first of its lane in this call
            step = scheduler_.begin(number, place.lane, t).value();
            if (step.needs() > 0) { // of these policies the input of the lane's first block
                const refrain_decision &asked = step.decision();
                const bool last = asked.reference == REFRAIN_REFERENCE_PREVIOUS;
                const Tensor &reference = last ? previous_[place.lane] : computed_[place.lane];
                step.decide(refrain::cpu::change(asked.metric, reference, input).value()).value();
            }
            previous_[place.lane] = input;
        }
        if (place.first) rings_[place.granule].base = input;
        if (step.computes() || !place.left_out) return Verdict::Run;
        if (place.last) { // what stands in for the granule leaves its last block
            const Ring &ring = rings_[place.granule];
            const float *anchors[REFRAIN_MAX_ANCHORS] = {};
            for (std::size_t i = 0; i < ring.anchors.size(); i++) anchors[i] = ring.anchors[i].data();
            const bool residual = keep_ == REFRAIN_KEEP_RESIDUAL;
            refrain::cpu::blend(step.weights(), {anchors, ring.anchors.size()},
                                residual ? ring.base : refrain::span<const float>(), node.output).value();
        }
        return Verdict::Done;
    }

    void keep(Node &node) {
        if (node.op != Node::Block || places_[node.block].granule == REFRAIN_NONE) return;
        const refrain_place &place = places_[node.block];
        if (!place.last || !steps_[place.lane].computes()) return;
        Ring &ring = rings_[place.granule];
        const uint32_t slot = steps_[place.lane].slot();
        if (slot == REFRAIN_NO_SLOT) return; // a policy that never skips keeps nothing
        Tensor &anchor = ring.anchors.at(slot);
        anchor = node.output;
        if (keep_ == REFRAIN_KEEP_RESIDUAL)
            for (std::size_t i = 0; i < anchor.size(); i++) anchor[i] -= ring.base[i];
    }

    refrain_keep keep_;
    uint32_t lanes_;
    refrain::Scheduler scheduler_;
    std::vector<Ring> rings_;
    std::vector<refrain::Step> steps_;
    std::vector<Tensor> previous_, computed_;
    std::vector<refrain_place> places_;
};

/* Whether this engine has what a policy asks for: it measures nothing but inputs of blocks, keeps
   features one by one, and checks no forecasts. */
static bool fits(const refrain::Policy &policy) {
    const refrain_policy &has = policy.capi();
    const bool input = has.gauge.kind != REFRAIN_GAUGE_KIND_SIGNAL
                       || (has.gauge.signal == REFRAIN_SIGNAL_BLOCK_INPUT && has.gauge.filter == 0);
    return input && policy.wants().value() == REFRAIN_WANTS_NOTHING && has.verify.kind == 0
           && has.split.kind == 0 && has.predictor.kind != REFRAIN_PREDICTOR_KIND_CHEBYSHEV
           && has.site.kind != REFRAIN_SITE_KIND_MODEL && has.site.kind != REFRAIN_SITE_KIND_BRANCH
           && has.site.kind != REFRAIN_SITE_KIND_STAGE && has.pool == REFRAIN_POOL_ALONE;
}

/* A picture: Euler's method from t = 1 to 0. */
static Tensor sample(Graph &graph, Cache *cache) {
    Tensor x(TOKENS * WIDTH);
    for (std::size_t i = 0; i < x.size(); i++) x[i] = std::sin(12.9898f * float(i + 1)) * 1.5f;
    graph.before = nullptr;
    graph.after = nullptr;
    graph.blocks_run = 0;
    for (uint32_t number = 0; number < STEPS; number++) {
        const float t = 1.0f - float(number) / STEPS;
        const Tensor &v = cache ? cache->compute(graph, number, x, t) : graph.compute(x, t);
        for (std::size_t i = 0; i < x.size(); i++) x[i] -= v[i] / STEPS;
    }
    return x;
}

int main(int argc, char **argv) {
    std::vector<const char *> policies(argv + 1, argv + argc);
    if (policies.empty())
        policies = {"full", "taylorseer:interval=4,order=1,site=trunk", "dbprune:threshold=0.05"};
    Graph graph;
    const Tensor full = sample(graph, nullptr);
    const uint32_t all = graph.blocks_run;
    for (const char *text : policies) {
        const auto policy = refrain::Policy::parse(text);
        if (!policy || !fits(*policy)) {
            std::fprintf(stderr, "%s: %s\n", text,
                         policy ? "this engine lacks what it asks for" : policy.error().message());
            return 1;
        }
        Cache cache(*policy);
        const Tensor x = sample(graph, &cache);
        const double error = refrain::cpu::change(REFRAIN_METRIC_RELATIVE_L2, full, x).value();
        std::printf("%-44s %3u of %u blocks run, error %.4f\n", text, graph.blocks_run, all, error);
    }
    return 0;
}
