/* SPDX-License-Identifier: MIT OR Apache-2.0

   A Vulkan 1.1 device with a compute queue and one command buffer. Nothing here knows of refrain. */
#ifndef VULKAN_CONTEXT_HPP
#define VULKAN_CONTEXT_HPP

#include <vulkan/vulkan.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

inline void vk(VkResult result, const char *what) {
    if (result != VK_SUCCESS)
        throw std::runtime_error(std::string(what) + ": VkResult " + std::to_string(result));
}
#define VK(call) vk(call, #call)

/* A struct of Vulkan's with everything zero but its type. */
template <class T> T of(VkStructureType type) {
    T made{};
    made.sType = type;
    return made;
}

class Context {
  public:
    std::string name;
    VkDeviceSize uniform_alignment;

    Context() {
        auto app = of<VkApplicationInfo>(VK_STRUCTURE_TYPE_APPLICATION_INFO);
        app.apiVersion = VK_API_VERSION_1_1;
        auto instance_info = of<VkInstanceCreateInfo>(VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO);
        instance_info.pApplicationInfo = &app;
        VK(vkCreateInstance(&instance_info, nullptr, &instance));
        uint32_t count = 1;
        if (vkEnumeratePhysicalDevices(instance, &count, &physical) < 0 || count == 0)
            throw std::runtime_error("no Vulkan device");
        VkPhysicalDeviceProperties properties;
        vkGetPhysicalDeviceProperties(physical, &properties);
        name = properties.deviceName;
        uniform_alignment = properties.limits.minUniformBufferOffsetAlignment;
        const float priority = 1.0f;
        auto queue_info = of<VkDeviceQueueCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO);
        queue_info.queueFamilyIndex = compute_family();
        queue_info.queueCount = 1;
        queue_info.pQueuePriorities = &priority;
        auto device_info = of<VkDeviceCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO);
        device_info.queueCreateInfoCount = 1;
        device_info.pQueueCreateInfos = &queue_info;
        VK(vkCreateDevice(physical, &device_info, nullptr, &device));
        vkGetDeviceQueue(device, queue_info.queueFamilyIndex, 0, &queue);
        auto pool_info = of<VkCommandPoolCreateInfo>(VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO);
        pool_info.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
        pool_info.queueFamilyIndex = queue_info.queueFamilyIndex;
        VK(vkCreateCommandPool(device, &pool_info, nullptr, &command_pool));
        auto command_info =
            of<VkCommandBufferAllocateInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO);
        command_info.commandPool = command_pool;
        command_info.commandBufferCount = 1;
        VK(vkAllocateCommandBuffers(device, &command_info, &commands));
    }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;
    ~Context() {
        vkDestroyCommandPool(device, command_pool, nullptr);
        vkDestroyDevice(device, nullptr);
        vkDestroyInstance(instance, nullptr);
    }

    /* Everything until `finish` is recorded, and runs then. */
    void begin() {
        auto info = of<VkCommandBufferBeginInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO);
        info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
        VK(vkBeginCommandBuffer(commands, &info));
    }
    /* Runs what was recorded since `begin`, and waits. */
    void finish() {
        VK(vkEndCommandBuffer(commands));
        auto info = of<VkSubmitInfo>(VK_STRUCTURE_TYPE_SUBMIT_INFO);
        info.commandBufferCount = 1;
        info.pCommandBuffers = &commands;
        VK(vkQueueSubmit(queue, 1, &info, VK_NULL_HANDLE));
        VK(vkQueueWaitIdle(queue));
    }

  protected:
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE;
    VkCommandBuffer commands = VK_NULL_HANDLE;

    /* Each command sees what those before it have written, and the host sees what all have. */
    void barrier() {
        const VkPipelineStageFlags device_stages =
            VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
        auto all = of<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
        all.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT;
        all.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
        vkCmdPipelineBarrier(commands, device_stages, device_stages | VK_PIPELINE_STAGE_HOST_BIT, 0,
                             1, &all, 0, nullptr, 0, nullptr);
    }
    /* A kind of memory that the host sees, of those that `types` has a bit for. */
    uint32_t mapped_memory_type(uint32_t types) const {
        const VkMemoryPropertyFlags wanted =
            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
        VkPhysicalDeviceMemoryProperties properties;
        vkGetPhysicalDeviceMemoryProperties(physical, &properties);
        for (uint32_t i = 0; i < properties.memoryTypeCount; i++)
            if ((types >> i & 1) && (properties.memoryTypes[i].propertyFlags & wanted) == wanted)
                return i;
        throw std::runtime_error(name + " has no memory that the host sees");
    }

  private:
    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physical = VK_NULL_HANDLE;
    VkCommandPool command_pool = VK_NULL_HANDLE;

    uint32_t compute_family() const {
        uint32_t count = 0;
        vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, nullptr);
        std::vector<VkQueueFamilyProperties> families(count);
        vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families.data());
        for (uint32_t i = 0; i < count; i++)
            if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) return i;
        throw std::runtime_error(name + " has no compute queue");
    }
};

#endif
