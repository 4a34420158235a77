//! SPIR-V without a layout for workgroup memory.
//!
//! naga 30 gives every array a stride. Vulkan allows none in workgroup memory
//! (VUID-StandaloneSpirv-None-10684): validators since 2025 refuse it.

use alloc::{collections::BTreeSet, vec::Vec};

/// Words before the first instruction.
const HEADER: usize = 5;
const TYPE_STRUCT: u32 = 30;
const TYPE_POINTER: u32 = 32;
const DECORATE: u32 = 71;
const ARRAY_STRIDE: u32 = 6;
const WORKGROUP: u32 = 4;

/// The instructions: each begins with its length in words and its number.
fn instructions(mut words: &[u32]) -> impl Iterator<Item = &[u32]> {
    core::iter::from_fn(move || {
        let length = (words.first()? >> 16) as usize;
        let (one, rest) = words.split_at_checked(length.max(1))?;
        words = rest;
        Some(one)
    })
}

/// The module without strides of the arrays that are in workgroup memory alone.
pub(super) fn without_workgroup_strides(module: &[u32]) -> Vec<u32> {
    let Some((header, body)) = module.split_at_checked(HEADER) else {
        return module.to_vec();
    };
    let (mut inside, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
    for instruction in instructions(body) {
        match instruction {
            [op, _, class, to] if op & 0xffff == TYPE_POINTER => {
                if *class == WORKGROUP {
                    inside.insert(*to);
                } else {
                    elsewhere.insert(*to);
                }
            }
            [op, _, members @ ..] if op & 0xffff == TYPE_STRUCT => elsewhere.extend(members),
            _ => {}
        }
    }
    let kept = instructions(body).filter(|instruction| match instruction {
        [op, id, ARRAY_STRIDE, _] if op & 0xffff == DECORATE => {
            !inside.contains(id) || elsewhere.contains(id)
        }
        _ => true,
    });
    header.iter().chain(kept.flatten()).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strides_in_workgroup_memory_are_left_out() {
        let stride = |id| [4 << 16 | DECORATE, id, ARRAY_STRIDE, 16];
        // 1 is in workgroup memory, 2 in a block, 3 in both, 4 behind a pointer to a buffer.
        let rest = [
            [4 << 16 | TYPE_STRUCT, 10, 2, 3],
            [4 << 16 | TYPE_POINTER, 11, WORKGROUP, 1],
            [4 << 16 | TYPE_POINTER, 12, WORKGROUP, 3],
            [4 << 16 | TYPE_POINTER, 13, 12, 4],
        ];
        let module = |ids: &[u32]| {
            let mut words = alloc::vec![7; HEADER];
            words.extend(ids.iter().flat_map(|id| stride(*id)));
            words.extend(rest.iter().flatten());
            words
        };
        let found = without_workgroup_strides(&module(&[1, 2, 3, 4]));
        assert_eq!(found, module(&[2, 3, 4]));
        assert_eq!(without_workgroup_strides(&[1, 2]), [1, 2]);
    }
}
