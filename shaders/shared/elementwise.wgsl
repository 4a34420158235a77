// Element-wise kernels: one invocation an element, 256 a workgroup. Workgroups form rows of at most
// 65,535, `row` invocations each, so that any element count fits the limit on one dimension.
fn element(group: vec3<u32>, lane: u32, row: u32) -> u32 {
    return group.y * row + group.x * 256u + lane;
}

