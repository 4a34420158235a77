/* SPDX-License-Identifier: MIT OR Apache-2.0

   A model's forward pass on a Vulkan device: its buffers, its kernels from files, its commands. */
#ifndef VULKAN_PROGRAM_HPP
#define VULKAN_PROGRAM_HPP

#include <refrain.hpp>

#include <algorithm>
#include <map>

#include "vulkan_device.hpp"

/* The value, or an exception with what went wrong. */
template <class T> T take(refrain::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message());
    return std::move(result).value();
}
inline void take(refrain::Result<void> result) {
    if (!result) throw std::runtime_error(result.error().message());
}

class VulkanProgram {
  public:
    Device device;
    refrain_program_sizes sizes;

    /* `plant` has a test see that it would notice a mistake. */
    VulkanProgram(const refrain::Program &program, const std::string &kernels,
                  const std::string &plant = "")
        : sizes(take(program.info())) {
        std::vector<VkDeviceSize> bytes(sizes.buffer_count);
        for (uint32_t i = 0; i < sizes.buffer_count; i++)
            bytes[i] = std::max<VkDeviceSize>(take(program.buffer(i)).bytes, 4);
        std::vector<std::vector<refrain_command>> all(sizes.segment_count);
        uint32_t dispatches = 0, bindings = 0;
        VkDeviceSize params = 0;
        for (uint32_t s = 0; s < sizes.segment_count; s++) {
            const uint32_t count = take(program.segment(s)).command_count;
            for (uint32_t c = 0; c < count; c++) {
                const refrain_command command = take(program.command(s, c));
                all[s].push_back(command);
                if (command.kernel == REFRAIN_NONE) continue;
                dispatches++;
                bindings += command.binding_count;
                params += aligned(command.params_bytes);
            }
        }
        bytes.push_back(params);
        buffers_ = device.allocate(bytes);
        for (uint32_t i = 0; i < sizes.buffer_count; i++) {
            const auto contents = take(program.contents(i));
            if (!contents.empty())
                std::memcpy(buffers_[i].data, contents.data(), contents.size());
        }
        device.reserve(dispatches, bindings);
        VkDeviceSize offset = 0;
        for (const auto &segment : all) {
            segments_.emplace_back();
            for (const refrain_command &command : segment)
                segments_.back().push_back(made(command, kernels, offset, plant));
        }
    }

    float *floats(uint32_t buffer) { return reinterpret_cast<float *>(buffers_[buffer].data); }
    std::size_t count(uint32_t buffer) const { return buffers_[buffer].bytes / 4; }

    /* Runs segments, waits, and empties the list. */
    void run(std::vector<uint32_t> &path) {
        device.begin();
        for (const uint32_t segment : path)
            for (const Command &command : segments_[segment])
                if (command.dispatch.set)
                    device.dispatch(command.dispatch);
                else
                    device.copy(buffers_[command.from], 4 * command.first, buffers_[command.to]);
        device.finish();
        path.clear();
    }

  private:
    /* A dispatch, or buffers to copy. */
    struct Command {
        Dispatch dispatch;
        uint32_t from, first, to;
    };
    std::vector<Buffer> buffers_;
    std::vector<std::vector<Command>> segments_;
    std::map<std::string, Pipeline> pipelines_;

    VkDeviceSize aligned(VkDeviceSize size) const {
        return (size + device.uniform_alignment - 1) / device.uniform_alignment
               * device.uniform_alignment;
    }

    /* The file of a kernel with its constants: linear.f16.spv, attention.d64.spv. */
    static std::string file(const refrain::Kernel &kernel, const refrain_command &command) {
        static const char *const formats[] = {".f32", ".f16", ".bf16"};
        static const char *const anchors[] = {".f32", ".f16", ".int8"};
        std::string name(kernel.name());
        for (uint32_t i = 0; i < kernel.info().constant_count; i++) {
            const uint32_t value = command.constants[i];
            const std::string_view constant = take(kernel.constant(i));
            if (constant == "FORMAT")
                name += formats[value];
            else if (constant == "ANCHOR_FORMAT")
                name += anchors[value];
            else
                name += ".d" + std::to_string(value);
        }
        return name + ".spv";
    }

    Command made(const refrain_command &command, const std::string &kernels, VkDeviceSize &offset,
                 const std::string &plant) {
        Command made = {{}, command.copy_from, command.copy_first, command.copy_to};
        if (command.kernel == REFRAIN_NONE) return made;
        const auto kernel = take(refrain::Kernel::at(command.kernel));
        const std::string name = file(kernel, command);
        if (!pipelines_.count(name))
            pipelines_[name] = device.load(kernels + "/" + name, kernel.info().binding_count);
        std::vector<Buffer> bound;
        for (uint32_t i = 0; i < command.binding_count; i++)
            bound.push_back(buffers_[command.bindings[i]]);
        if (plant == "plant-binding" && kernel.name() == "layer_norm_modulate")
            std::swap(bound[0], bound[1]);
        std::memcpy(buffers_.back().data + offset, command.params, command.params_bytes);
        made.dispatch.pipeline = pipelines_[name];
        made.dispatch.set = device.bind(pipelines_[name], buffers_.back(), offset,
                                        command.params_bytes, bound);
        std::copy(command.workgroups, command.workgroups + 3, made.dispatch.workgroups);
        if (plant == "plant-workgroups" && kernel.name() == "attention")
            made.dispatch.workgroups[0]--;
        offset += aligned(command.params_bytes);
        return made;
    }
};

#endif
