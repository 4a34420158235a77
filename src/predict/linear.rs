//! Small symmetric systems of equations.

/// Solves `matrix · x = right` for a symmetric positive matrix of which the first `count` rows and
/// columns count; the solution takes the place of `right`. Whether it could be solved.
pub(super) fn solve<const N: usize>(
    matrix: &mut [[f64; N]; N],
    right: &mut [f64; N],
    count: usize,
) -> bool {
    // Elimination; a symmetric positive matrix needs no exchange of rows.
    for column in 0..count {
        let (Some(&pivots), Some(&value)) = (matrix.get(column), right.get(column)) else {
            return false;
        };
        let pivot = pivots.get(column).copied().unwrap_or(0.0);
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        let below = matrix.iter_mut().zip(right.iter_mut());
        for (row, right) in below.take(count).skip(column + 1) {
            let factor = row.get(column).copied().unwrap_or(0.0) / pivot;
            for (to, from) in row.iter_mut().zip(pivots) {
                *to -= factor * from;
            }
            *right -= factor * value;
        }
    }
    for column in (0..count).rev() {
        let Some(row) = matrix.get(column) else {
            return false;
        };
        let behind = row.iter().zip(right.iter()).take(count).skip(column + 1);
        let sum: f64 = behind.map(|(a, x)| a * x).sum();
        let pivot = row.get(column).copied().unwrap_or(0.0);
        if let Some(x) = right.get_mut(column) {
            *x = (*x - sum) / pivot;
        }
    }
    right.iter().take(count).all(|x| x.is_finite())
}
