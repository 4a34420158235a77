/* SPDX-License-Identifier: MIT OR Apache-2.0

   An engine of the kind that runs graphs: tensors, nodes, and callbacks before and after each node. It
   knows nothing of refrain. The graph is a small transformer with arithmetic of its own. */
#ifndef TOY_GRAPH_HPP
#define TOY_GRAPH_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

inline constexpr uint32_t TOKENS = 16, WIDTH = 16, BLOCKS = 6, STEPS = 40;
using Tensor = std::vector<float>;

struct Node {
    enum Op { Embed, Block, Head } op;
    uint32_t block;
    std::vector<Node *> inputs;
    Tensor output;
};

/* What the callback makes of a node: run it, or take what it has written to the node's output. */
enum class Verdict { Run, Done };

class Graph {
  public:
    std::function<Verdict(Node &)> before;
    std::function<void(Node &)> after;

    Graph() : nodes_(BLOCKS + 2) {
        for (uint32_t i = 0; i < nodes_.size(); i++) {
            const bool first = i == 0, last = i == BLOCKS + 1;
            nodes_[i].op = first ? Node::Embed : last ? Node::Head : Node::Block;
            nodes_[i].block = first ? 0 : i - 1;
            if (!first) nodes_[i].inputs = {&nodes_[i - 1]};
            nodes_[i].output.resize(TOKENS * WIDTH);
        }
        uint32_t state = 1;
        for (auto &weights : weights_) {
            weights.resize(3 * WIDTH * WIDTH);
            for (float &weight : weights) {
                state = state * 1664525u + 1013904223u;
                weight = (float(state >> 8) / 8388608.0f - 1.0f) / std::sqrt(float(WIDTH));
            }
        }
    }

    /* All nodes in an order in which inputs come first; blocks that were run are counted. */
    const Tensor &compute(const Tensor &x, float t) {
        std::vector<const Node *> done;
        for (Node &node : nodes_) visit(node, x, t, done);
        return nodes_.back().output;
    }
    uint32_t blocks_run = 0;

  private:
    void visit(Node &node, const Tensor &x, float t, std::vector<const Node *> &done) {
        for (const Node *one : done)
            if (one == &node) return;
        for (Node *input : node.inputs) visit(*input, x, t, done);
        done.push_back(&node);
        if (before && before(node) == Verdict::Done) return;
        if (node.op == Node::Embed)
            for (std::size_t i = 0; i < x.size(); i++)
                node.output[i] = x[i] + 0.3f * std::sin(2.0f * t + float(i % WIDTH));
        else if (node.op == Node::Head)
            for (std::size_t i = 0; i < x.size(); i++)
                node.output[i] = std::tanh(node.inputs[0]->output[i] - 0.5f * x[i]);
        else
            block(node.inputs[0]->output, weights_[node.block], t, node.output);
        blocks_run += node.op == Node::Block;
        if (after) after(node);
    }

    static void multiply(const Tensor &in, const float *weights, Tensor &out) {
        for (uint32_t token = 0; token < TOKENS; token++)
            for (uint32_t to = 0; to < WIDTH; to++) {
                float sum = 0;
                for (uint32_t from = 0; from < WIDTH; from++)
                    sum += in[token * WIDTH + from] * weights[to * WIDTH + from];
                out[token * WIDTH + to] = sum;
            }
    }
    /* Attention and an MLP, each added to its input; both are scaled by the time. */
    static void block(const Tensor &in, const Tensor &weights, float t, Tensor &out) {
        Tensor mixed(in.size()), values(in.size()), hidden(in.size());
        multiply(in, weights.data(), values);
        for (uint32_t token = 0; token < TOKENS; token++) {
            float score[TOKENS], all = 0;
            for (uint32_t other = 0; other < TOKENS; other++) {
                float dot = 0;
                for (uint32_t i = 0; i < WIDTH; i++)
                    dot += in[token * WIDTH + i] * values[other * WIDTH + i];
                all += score[other] = std::exp(std::min(dot / float(WIDTH), 20.0f));
            }
            for (uint32_t i = 0; i < WIDTH; i++) {
                float sum = 0;
                for (uint32_t other = 0; other < TOKENS; other++)
                    sum += score[other] * values[other * WIDTH + i];
                mixed[token * WIDTH + i] = in[token * WIDTH + i] + 0.3f * (1 - t / 2) * sum / all;
            }
        }
        multiply(mixed, weights.data() + WIDTH * WIDTH, hidden);
        for (float &value : hidden) value = value / (1 + std::exp(-value));
        multiply(hidden, weights.data() + 2 * WIDTH * WIDTH, out);
        for (std::size_t i = 0; i < out.size(); i++) out[i] = mixed[i] + 0.3f * (1 + t) * out[i];
    }

    std::vector<Node> nodes_;
    Tensor weights_[BLOCKS];
};

#endif
