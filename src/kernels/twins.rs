//! CPU twins: the same loops as the WGSL, on slices, for comparison.

/// A storage binding of a [`Call`]: words, as a device sees them.
#[derive(Debug)]
pub enum Slot<'a> {
    /// Read only.
    Read(&'a [u32]),
    /// Written.
    Write(&'a mut [u32]),
}

/// Everything one dispatch of a twin sees.
#[derive(Debug)]
pub struct Call<'a, 'b> {
    /// The parameter block.
    pub params: &'a [u8],
    /// Override constants.
    pub constants: &'a [(&'static str, u32)],
    /// Workgroups in x, y, z.
    pub workgroups: [u32; 3],
    /// Storage bindings, binding 1 first.
    pub slots: &'a mut [Slot<'b>],
}
