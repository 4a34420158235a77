// Activations through exp alone: WGSL bounds exp's error, and some drivers' tanh overflows.
// The clamp keeps exp finite; past it the result is below 1e-34 of the argument.
fn sigmoid(v: f32) -> f32 {
    return 1.0 / (1.0 + exp(min(-v, 80.0)));
}

fn silu(v: f32) -> f32 {
    return v * sigmoid(v);
}

// GELU, tanh form: 0.5 (1 + tanh y) = sigmoid(2 y), y = sqrt(2/pi) (v + 0.044715 v^3).
fn gelu(v: f32) -> f32 {
    return v * sigmoid(1.5957691 * v * (1.0 + 0.044715 * v * v));
}

