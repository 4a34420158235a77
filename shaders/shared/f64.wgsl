// Double precision from whole numbers: IEEE 754 binary64, rounded to nearest, ties to even, the same
// bits as a CPU's. A value is its 64 bits, low word in x. Subnormal numbers, infinities and signed
// zeros are as they should be; every NaN that an operation gives is the one below.

const F64_NAN = vec2<u32>(0u, 0x7ff80000u);
const F64_ZERO = vec2<u32>(0u, 0u);
const F64_ONE = vec2<u32>(0u, 0x3ff00000u);
const F64_MAX = vec2<u32>(0xffffffffu, 0x7fefffffu);
const SIGN = 0x80000000u;

// The magnitude of a finite value: significand / 2^63 * 2^exponent, with the highest bit of the
// significand set unless it is zero.
struct Magnitude {
    significand: vec2<u32>,
    exponent: i32,
}

// Shifts by 0 to 63.
fn shift_left(v: vec2<u32>, n: u32) -> vec2<u32> {
    let m = n & 31u;
    let low = v.x << m;
    let high = (v.y << m) | ((v.x >> 1u) >> (31u - m));
    return select(vec2(low, high), vec2(0u, low), n >= 32u);
}

fn shift_right(v: vec2<u32>, n: u32) -> vec2<u32> {
    let m = n & 31u;
    let high = v.y >> m;
    let low = (v.x >> m) | ((v.y << 1u) << (31u - m));
    return select(vec2(low, high), vec2(high, 0u), n >= 32u);
}

fn leading_zeros(v: vec2<u32>) -> u32 {
    return select(countLeadingZeros(v.y), 32u + countLeadingZeros(v.x), v.y == 0u);
}

fn is_zero(v: vec2<u32>) -> bool {
    return (v.x | v.y) == 0u;
}

fn whole_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2(low, a.y + b.y + u32(low < a.x));
}

fn whole_subtract(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

fn whole_below(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// All 64 bits of a product.
fn whole_product(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let middle = a1 * b0 + ((a0 * b0) >> 16u);
    let other = a0 * b1 + (middle & 0xffffu);
    return vec2(a * b, a1 * b1 + (middle >> 16u) + (other >> 16u));
}

fn f64_is_nan(a: vec2<u32>) -> bool {
    return whole_below(vec2(0u, 0x7ff00000u), vec2(a.x, a.y & 0x7fffffffu));
}

fn f64_is_finite(a: vec2<u32>) -> bool {
    return (a.y & 0x7ff00000u) != 0x7ff00000u;
}

fn f64_negated(a: vec2<u32>) -> vec2<u32> {
    return vec2(a.x, a.y ^ SIGN);
}

fn f64_is_zero(a: vec2<u32>) -> bool {
    return (a.x | (a.y & 0x7fffffffu)) == 0u;
}

fn magnitude(a: vec2<u32>) -> Magnitude {
    let biased = (a.y >> 20u) & 0x7ffu;
    let hidden = select(0x00100000u, 0u, biased == 0u);
    let top = shift_left(vec2(a.x, (a.y & 0x000fffffu) | hidden), 11u);
    let zeros = leading_zeros(top);
    let exponent = i32(max(biased, 1u)) - 1023 - i32(zeros);
    return Magnitude(shift_left(top, min(zeros, 63u)), exponent);
}

// The nearest value. The lowest bit of the significand stands for all bits that were lost below it.
fn f64_rounded(sign: u32, m: Magnitude) -> vec2<u32> {
    if (is_zero(m.significand)) {
        return vec2(0u, sign);
    }
    let biased = m.exponent + 1023;
    if (biased > 2046) {
        return vec2(0u, sign | 0x7ff00000u);
    }
    // Subnormal numbers keep fewer bits.
    let lost = u32(min(11 + max(1 - biased, 0), 65));
    var kept = vec2(0u, 0u);
    var rest = vec2(1u, 0u);
    if (lost < 64u) {
        kept = shift_right(m.significand, lost);
        rest = shift_left(m.significand, 64u - lost);
    } else if (lost == 64u) {
        rest = m.significand;
    }
    let half = vec2(0u, SIGN);
    let tie = all(rest == half);
    if (whole_below(half, rest) || (tie && (kept.x & 1u) == 1u)) {
        kept = whole_add(kept, vec2(1u, 0u));
    }
    // The hidden bit adds one to the exponent, and so does a significand that is rounded up to 2.
    return vec2(kept.x, sign | ((u32(max(biased - 1, 0)) << 20u) + kept.y));
}

fn f64_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    if (!f64_is_finite(a) || !f64_is_finite(b)) {
        if (f64_is_nan(a) || f64_is_nan(b)) {
            return F64_NAN;
        }
        if (!f64_is_finite(a) && !f64_is_finite(b) && a.y != b.y) {
            return F64_NAN;
        }
        return select(b, a, !f64_is_finite(a));
    }
    let swap = whole_below(vec2(a.x, a.y & 0x7fffffffu), vec2(b.x, b.y & 0x7fffffffu));
    let large = select(a, b, swap);
    let small = select(b, a, swap);
    let x = magnitude(large);
    let y = magnitude(small);
    let sign = large.y & SIGN;
    let same = sign == (small.y & SIGN);
    // A bit is left free for the carry, and ten below for what decides the rounding.
    let far = u32(min(x.exponent - y.exponent, 62)) + 1u;
    var moved = shift_right(y.significand, far);
    if (any(shift_left(moved, far) != y.significand)) {
        moved.x |= 1u;
    }
    let base = shift_right(x.significand, 1u);
    var sum = whole_subtract(base, moved);
    if (same) {
        sum = whole_add(base, moved);
    }
    let zeros = leading_zeros(sum);
    let exponent = x.exponent + 1 - i32(zeros);
    let rounded = f64_rounded(sign, Magnitude(shift_left(sum, min(zeros, 63u)), exponent));
    // What cancels is positive, and so is the sum of zeros of either sign.
    return select(rounded, F64_ZERO, is_zero(sum) && !same);
}

fn f64_subtract(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return f64_add(a, f64_negated(b));
}

fn f64_multiply(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let sign = (a.y ^ b.y) & SIGN;
    if (!f64_is_finite(a) || !f64_is_finite(b)) {
        if (f64_is_nan(a) || f64_is_nan(b) || f64_is_zero(a) || f64_is_zero(b)) {
            return F64_NAN;
        }
        return vec2(0u, sign | 0x7ff00000u);
    }
    let x = magnitude(a);
    let y = magnitude(b);
    let low = whole_product(x.significand.x, y.significand.x);
    let one = whole_product(x.significand.x, y.significand.y);
    let other = whole_product(x.significand.y, y.significand.x);
    var high = whole_product(x.significand.y, y.significand.y);
    let middle = whole_add(whole_add(one, vec2(low.y, 0u)), vec2(other.x, 0u));
    high = whole_add(whole_add(high, vec2(middle.y, 0u)), vec2(other.y, 0u));
    if ((middle.x | low.x) != 0u) {
        high.x |= 1u;
    }
    let zeros = leading_zeros(high);
    let exponent = x.exponent + y.exponent + 1 - i32(zeros);
    return f64_rounded(sign, Magnitude(shift_left(high, min(zeros, 63u)), exponent));
}

fn f64_divide(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let sign = (a.y ^ b.y) & SIGN;
    let infinite_a = !f64_is_finite(a);
    let infinite_b = !f64_is_finite(b);
    if (f64_is_nan(a) || f64_is_nan(b) || (infinite_a && infinite_b)
        || (f64_is_zero(a) && f64_is_zero(b))) {
        return F64_NAN;
    }
    if (infinite_b || f64_is_zero(a)) {
        return vec2(0u, sign);
    }
    if (infinite_a || f64_is_zero(b)) {
        return vec2(0u, sign | 0x7ff00000u);
    }
    let x = magnitude(a);
    let y = magnitude(b);
    // One bit lower, so that the remainder can be doubled.
    var rest = shift_right(x.significand, 1u);
    let divisor = shift_right(y.significand, 1u);
    var quotient = vec2(0u, 0u);
    for (var i = 0u; i < 57u; i += 1u) {
        quotient = shift_left(quotient, 1u);
        if (!whole_below(rest, divisor)) {
            rest = whole_subtract(rest, divisor);
            quotient.x |= 1u;
        }
        rest = shift_left(rest, 1u);
    }
    quotient = shift_left(quotient, 7u);
    if (!is_zero(rest)) {
        quotient.x |= 1u;
    }
    let zeros = leading_zeros(quotient);
    let exponent = x.exponent - y.exponent - i32(zeros);
    return f64_rounded(sign, Magnitude(shift_left(quotient, zeros), exponent));
}

fn f64_sqrt(a: vec2<u32>) -> vec2<u32> {
    if (f64_is_zero(a)) {
        return a;
    }
    if (f64_is_nan(a) || (a.y & SIGN) != 0u) {
        return F64_NAN;
    }
    if (!f64_is_finite(a)) {
        return a;
    }
    let x = magnitude(a);
    // Two bits before the point: 1 to 4, with an even exponent.
    var digits = shift_right(x.significand, 1u - (u32(x.exponent) & 1u));
    var rest = vec2(0u, 0u);
    var root = vec2(0u, 0u);
    for (var i = 0u; i < 57u; i += 1u) {
        rest = shift_left(rest, 2u);
        rest.x |= digits.y >> 30u;
        digits = shift_left(digits, 2u);
        var trial = shift_left(root, 2u);
        trial.x |= 1u;
        root = shift_left(root, 1u);
        if (!whole_below(rest, trial)) {
            rest = whole_subtract(rest, trial);
            root.x |= 1u;
        }
    }
    root = shift_left(root, 7u);
    if (!is_zero(rest)) {
        root.x |= 1u;
    }
    return f64_rounded(0u, Magnitude(root, x.exponent >> 1u));
}

// Bits that rise with the value, as whole numbers; both zeros have the same.
fn f64_key(a: vec2<u32>) -> vec2<u32> {
    if (f64_is_zero(a)) {
        return vec2(0u, SIGN);
    }
    return select(a | vec2(0u, SIGN), ~a, (a.y & SIGN) != 0u);
}

fn f64_below(a: vec2<u32>, b: vec2<u32>) -> bool {
    return !f64_is_nan(a) && !f64_is_nan(b) && whole_below(f64_key(a), f64_key(b));
}

fn f64_at_most(a: vec2<u32>, b: vec2<u32>) -> bool {
    return !f64_is_nan(a) && !f64_is_nan(b) && !whole_below(f64_key(b), f64_key(a));
}

fn f64_equal(a: vec2<u32>, b: vec2<u32>) -> bool {
    return f64_at_most(a, b) && f64_at_most(b, a);
}

fn f64_from_u32(n: u32) -> vec2<u32> {
    if (n == 0u) {
        return F64_ZERO;
    }
    let zeros = countLeadingZeros(n);
    let fraction = (n << zeros) << 1u;
    return vec2(fraction << 20u, ((1054u - zeros) << 20u) + (fraction >> 12u));
}

// The bits of a single-precision value in double precision.
fn f64_from_f32(bits: u32) -> vec2<u32> {
    let sign = bits & SIGN;
    let biased = (bits >> 23u) & 0xffu;
    var fraction = bits & 0x007fffffu;
    if (biased == 0xffu) {
        return select(F64_NAN, vec2(0u, sign | 0x7ff00000u), fraction == 0u);
    }
    if (biased == 0u) {
        if (fraction == 0u) {
            return vec2(0u, sign);
        }
        let zeros = countLeadingZeros(fraction) - 8u;
        fraction = (fraction << zeros) & 0x007fffffu;
        return vec2(fraction << 29u, sign | ((897u - zeros) << 20u) | (fraction >> 3u));
    }
    return vec2(fraction << 29u, sign | ((biased + 896u) << 20u) | (fraction >> 3u));
}

// The bits of the nearest single-precision value.
fn f64_to_f32(a: vec2<u32>) -> u32 {
    let sign = a.y & SIGN;
    if (f64_is_nan(a)) {
        return 0x7fc00000u;
    }
    if (!f64_is_finite(a)) {
        return sign | 0x7f800000u;
    }
    let m = magnitude(a);
    let biased = m.exponent + 127;
    if (is_zero(m.significand)) {
        return sign;
    }
    if (biased > 254) {
        return sign | 0x7f800000u;
    }
    // Bits lost of the upper word; a value too small for any is a little more than nothing.
    let lost = u32(min(8 + max(1 - biased, 0), 33));
    var kept = 0u;
    var rest = vec2(1u, 0u);
    if (lost < 32u) {
        kept = m.significand.y >> lost;
        rest = shift_left(vec2(m.significand.x, m.significand.y), 32u - lost);
    } else if (lost == 32u) {
        rest = m.significand;
    }
    let half = vec2(0u, SIGN);
    if (whole_below(half, rest) || (all(rest == half) && (kept & 1u) == 1u)) {
        kept += 1u;
    }
    return sign | ((u32(max(biased - 1, 0)) << 23u) + kept);
}

// The whole part, from 0 to the largest there is; 0 for NaN.
fn f64_to_u32(a: vec2<u32>) -> u32 {
    let m = magnitude(a);
    if (f64_is_nan(a) || (a.y & SIGN) != 0u || m.exponent < 0) {
        return 0u;
    }
    if (m.exponent > 31) {
        return 0xffffffffu;
    }
    return m.significand.y >> u32(31 - m.exponent);
}
