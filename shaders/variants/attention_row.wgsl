// Variant of attention.wgsl: QUERIES queries a workgroup, over keys and values staged in workgroup
// memory, KEYS at a time, of which four are scored together.
const QUERIES: u32 = {QUERIES}u;
const KEYS: u32 = {KEYS}u;

var<workgroup> k_tile: array<vec4<f32>, KEYS * VECTORS>;
var<workgroup> v_tile: array<vec4<f32>, KEYS * VECTORS>;

@compute @workgroup_size({QUERIES}, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let query = group.x * QUERIES + lane;
    let from_q = vectors_of(group, query, 0u);
#for i VECTORS
    let q_{i} = qkv[from_q + {i}u] * params.scale;
    var sum_{i} = vec4<f32>();
#end
    var highest = LOWEST;
    var total = 0.0;
    for (var first_key = 0u; first_key < params.tokens; first_key += KEYS) {
        for (var slot = lane; slot < KEYS * VECTORS; slot += QUERIES) {
            let key = first_key + slot / VECTORS;
            k_tile[slot] = qkv[vectors_of(group, key, 1u) + slot % VECTORS];
            v_tile[slot] = qkv[vectors_of(group, key, 2u) + slot % VECTORS];
        }
        workgroupBarrier();
        for (var key = 0u; key < KEYS; key += 4u) {
#for j 4
            let at_{j} = (key + {j}u) * VECTORS;
            var dot_{j} = vec4<f32>();
#for i VECTORS
            dot_{j} = fma(q_{i}, k_tile[at_{j} + {i}u], dot_{j});
#end
            let sum_of_{j} = (dot_{j}.x + dot_{j}.y) + (dot_{j}.z + dot_{j}.w);
            // Keys past the last must not count.
            let score_{j} = select(LOWEST, sum_of_{j}, first_key + key + {j}u < params.tokens);
#end
            let higher = max(max(highest, max(score_0, score_1)), max(score_2, score_3));
            let rescale = exp(highest - higher);
            highest = higher;
#for j 4
            let w_{j} = exp(score_{j} - higher);
#end
            total = fma(total, rescale, (w_0 + w_1) + (w_2 + w_3));
#for i VECTORS
            sum_{i} *= rescale;
#for j 4
            sum_{i} = fma(vec4(w_{j}), v_tile[at_{j} + {i}u], sum_{i});
#end
#end
        }
        workgroupBarrier();
    }
    if (query < params.tokens) {
        let to = ((group.z * params.tokens + query) * params.heads + group.y) * VECTORS;
#for i VECTORS
        out[to + {i}u] = sum_{i} / total;
#end
    }
}
