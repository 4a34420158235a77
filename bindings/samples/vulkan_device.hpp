/* SPDX-License-Identifier: MIT OR Apache-2.0

   The least of Vulkan that dispatches kernels: buffers, pipelines, commands. Nothing here knows of
   refrain. All memory is one allocation that the host has mapped, as on a machine whose GPU shares its
   memory; an engine for others would add staging buffers. */
#ifndef VULKAN_DEVICE_HPP
#define VULKAN_DEVICE_HPP

#include "vulkan_context.hpp"

#include <cstring>
#include <fstream>

struct Buffer {
    VkBuffer handle;
    VkDeviceSize bytes;
    char *data;
};

/* A kernel: binding 0 is a uniform buffer, the others are storage buffers. */
struct Pipeline {
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline handle;
};

struct Dispatch {
    Pipeline pipeline;
    VkDescriptorSet set;
    uint32_t workgroups[3];
};

class Device : public Context {
  public:
    Device() = default;
    ~Device() {
        if (descriptor_pool) vkDestroyDescriptorPool(device, descriptor_pool, nullptr);
        for (const Pipeline &pipeline : pipelines) {
            vkDestroyPipeline(device, pipeline.handle, nullptr);
            vkDestroyPipelineLayout(device, pipeline.layout, nullptr);
            vkDestroyDescriptorSetLayout(device, pipeline.set_layout, nullptr);
        }
        for (const Buffer &buffer : buffers) vkDestroyBuffer(device, buffer.handle, nullptr);
        if (memory) vkFreeMemory(device, memory, nullptr);
    }

    /* All buffers at once, zeroed. */
    std::vector<Buffer> allocate(const std::vector<VkDeviceSize> &sizes) {
        std::vector<VkDeviceSize> offsets;
        VkDeviceSize total = 0;
        uint32_t types = ~0u;
        for (VkDeviceSize bytes : sizes) {
            auto info = of<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
            info.size = bytes;
            info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT
                         | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
            Buffer buffer = {VK_NULL_HANDLE, bytes, nullptr};
            VK(vkCreateBuffer(device, &info, nullptr, &buffer.handle));
            buffers.push_back(buffer);
            VkMemoryRequirements needs;
            vkGetBufferMemoryRequirements(device, buffer.handle, &needs);
            total = (total + needs.alignment - 1) / needs.alignment * needs.alignment;
            offsets.push_back(total);
            total += needs.size;
            types &= needs.memoryTypeBits;
        }
        auto info = of<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
        info.allocationSize = total;
        info.memoryTypeIndex = mapped_memory_type(types);
        VK(vkAllocateMemory(device, &info, nullptr, &memory));
        void *data;
        VK(vkMapMemory(device, memory, 0, VK_WHOLE_SIZE, 0, &data));
        std::memset(data, 0, total);
        for (size_t i = 0; i < buffers.size(); i++) {
            VK(vkBindBufferMemory(device, buffers[i].handle, memory, offsets[i]));
            buffers[i].data = static_cast<char *>(data) + offsets[i];
        }
        return buffers;
    }

    /* A kernel from a SPIR-V file. */
    Pipeline load(const std::string &path, uint32_t storage_buffers) {
        std::ifstream file(path, std::ios::binary | std::ios::ate);
        if (!file) throw std::runtime_error(path + ": cannot be read");
        std::vector<uint32_t> words(static_cast<size_t>(file.tellg()) / 4);
        file.seekg(0);
        file.read(reinterpret_cast<char *>(words.data()), std::streamsize(words.size() * 4));
        auto module_info =
            of<VkShaderModuleCreateInfo>(VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
        module_info.codeSize = words.size() * 4;
        module_info.pCode = words.data();
        VkShaderModule module;
        VK(vkCreateShaderModule(device, &module_info, nullptr, &module));
        std::vector<VkDescriptorSetLayoutBinding> bindings(storage_buffers + 1);
        for (uint32_t i = 0; i <= storage_buffers; i++) {
            bindings[i].binding = i;
            bindings[i].descriptorType = type(i);
            bindings[i].descriptorCount = 1;
            bindings[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
        }
        Pipeline pipeline;
        auto set_info =
            of<VkDescriptorSetLayoutCreateInfo>(
                VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO);
        set_info.bindingCount = storage_buffers + 1;
        set_info.pBindings = bindings.data();
        VK(vkCreateDescriptorSetLayout(device, &set_info, nullptr, &pipeline.set_layout));
        auto layout_info =
            of<VkPipelineLayoutCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO);
        layout_info.setLayoutCount = 1;
        layout_info.pSetLayouts = &pipeline.set_layout;
        VK(vkCreatePipelineLayout(device, &layout_info, nullptr, &pipeline.layout));
        auto info =
            of<VkComputePipelineCreateInfo>(VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO);
        info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
        info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
        info.stage.module = module;
        info.stage.pName = "main";
        info.layout = pipeline.layout;
        VK(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline.handle));
        vkDestroyShaderModule(device, module, nullptr);
        pipelines.push_back(pipeline);
        return pipeline;
    }

    /* Room for so many dispatches with so many storage buffers in all. */
    void reserve(uint32_t dispatches, uint32_t storage_buffers) {
        const VkDescriptorPoolSize sizes[2] = {{type(0), dispatches}, {type(1), storage_buffers}};
        auto info = of<VkDescriptorPoolCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO);
        info.maxSets = dispatches;
        info.poolSizeCount = 2;
        info.pPoolSizes = sizes;
        VK(vkCreateDescriptorPool(device, &info, nullptr, &descriptor_pool));
    }

    /* Binds part of `params` at 0, and the buffers, whole, behind it. */
    VkDescriptorSet bind(const Pipeline &pipeline, const Buffer &params, VkDeviceSize offset,
                         VkDeviceSize bytes, const std::vector<Buffer> &storage) {
        auto info =
            of<VkDescriptorSetAllocateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO);
        info.descriptorPool = descriptor_pool;
        info.descriptorSetCount = 1;
        info.pSetLayouts = &pipeline.set_layout;
        VkDescriptorSet set;
        VK(vkAllocateDescriptorSets(device, &info, &set));
        std::vector<VkDescriptorBufferInfo> ranges = {{params.handle, offset, bytes}};
        for (const Buffer &buffer : storage) ranges.push_back({buffer.handle, 0, VK_WHOLE_SIZE});
        std::vector<VkWriteDescriptorSet> writes(ranges.size());
        for (uint32_t i = 0; i < writes.size(); i++) {
            writes[i] = of<VkWriteDescriptorSet>(VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET);
            writes[i].dstSet = set;
            writes[i].dstBinding = i;
            writes[i].descriptorCount = 1;
            writes[i].descriptorType = type(i);
            writes[i].pBufferInfo = &ranges[i];
        }
        vkUpdateDescriptorSets(device, uint32_t(writes.size()), writes.data(), 0, nullptr);
        return set;
    }

    void dispatch(const Dispatch &what) {
        vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, what.pipeline.handle);
        vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, what.pipeline.layout, 0,
                                1, &what.set, 0, nullptr);
        vkCmdDispatch(commands, what.workgroups[0], what.workgroups[1], what.workgroups[2]);
        barrier();
    }
    /* Fills `to` with what `from` has behind `offset` bytes. */
    void copy(const Buffer &from, VkDeviceSize offset, const Buffer &to) {
        const VkBufferCopy region = {offset, 0, to.bytes};
        vkCmdCopyBuffer(commands, from.handle, to.handle, 1, &region);
        barrier();
    }

  private:
    VkDescriptorPool descriptor_pool = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    std::vector<Buffer> buffers;
    std::vector<Pipeline> pipelines;

    static VkDescriptorType type(uint32_t binding) {
        return binding == 0 ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    }
};

#endif
