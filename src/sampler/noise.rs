//! Noise that is the same everywhere.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Fills `out`, pictures of `picture_len` values each, with normal noise (mean 0, variance 1).
///
/// Each picture has its own stream of the generator (ChaCha8), so picture `i` is the same in every
/// batch, and the transform (Box and Muller, 1958) uses the same arithmetic on every machine.
pub fn noise(seed: u64, picture_len: usize, out: &mut [f32]) {
    for (stream, picture) in out.chunks_mut(picture_len.max(1)).enumerate() {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream as u64);
        // From (0, 1], so that the logarithm is finite.
        let mut uniform = || ((generator.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64;
        for pair in picture.chunks_mut(2) {
            let radius = libm::sqrt(-2.0 * libm::log(uniform()));
            let angle = core::f64::consts::TAU * uniform();
            let both = [radius * libm::cos(angle), radius * libm::sin(angle)];
            for (value, normal) in pair.iter_mut().zip(both) {
                *value = normal as f32;
            }
        }
    }
}
