// Variant of attention.wgsl without staging: a workgroup is one subgroup of exactly SUBGROUP
// invocations, each of which loads one key and value that the others take from it by broadcast.
const SUBGROUP: u32 = {SUBGROUP}u;

@compute @workgroup_size({SUBGROUP}, 1, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let query = group.x * SUBGROUP + lane;
    let from_q = vectors_of(group, query, 0u);
#for i VECTORS
    let q_{i} = qkv[from_q + {i}u] * params.scale;
    var sum_{i} = vec4<f32>();
#end
    var highest = LOWEST;
    var total = 0.0;
    for (var first_key = 0u; first_key < params.tokens; first_key += SUBGROUP) {
        let from_k = vectors_of(group, first_key + lane, 1u);
        let from_v = vectors_of(group, first_key + lane, 2u);
#for j SUBGROUP
        var dot_{j} = 0.0;
#end
#for i VECTORS
        {
            let k = qkv[from_k + {i}u];
#for j SUBGROUP
            dot_{j} += dot(q_{i}, subgroupBroadcast(k, {j}u));
#end
        }
#end
        var higher = highest;
#for j SUBGROUP
        // Keys past the last must not count.
        let score_{j} = select(LOWEST, dot_{j}, first_key + {j}u < params.tokens);
        higher = max(higher, score_{j});
#end
        let rescale = exp(highest - higher);
        highest = higher;
        total *= rescale;
#for j SUBGROUP
        let w_{j} = exp(score_{j} - higher);
        total += w_{j};
#end
#for i VECTORS
        {
            let v = qkv[from_v + {i}u];
            sum_{i} *= rescale;
#for j SUBGROUP
            sum_{i} = fma(vec4(w_{j}), subgroupBroadcast(v, {j}u), sum_{i});
#end
        }
#end
    }
    if (query < params.tokens) {
        let to = ((group.z * params.tokens + query) * params.heads + group.y) * VECTORS;
#for i VECTORS
        out[to + {i}u] = sum_{i} / total;
#end
    }
}
