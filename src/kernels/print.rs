//! The text form of a recording: one line a command.

use core::fmt;

use super::{Command, Recording, Role, kernel::Access};

impl fmt::Display for Recording {
    /// Segments with their commands, `kernel what it reads -> what it writes [workgroups]`; the
    /// stored format stands behind a matrix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |id: &super::BufferId| {
            let buffer = self.buffers.get(id.0 as usize);
            buffer.map_or("?", |buffer| buffer.name.as_str())
        };
        for segment in &self.segments {
            writeln!(f, "{}", segment.name)?;
            for command in &segment.commands {
                match command {
                    Command::Copy { from, first: 0, to } => {
                        writeln!(f, "  copy {} -> {}", name(from), name(to))?;
                    }
                    Command::Copy { from, first, to } => {
                        writeln!(f, "  copy {}[{first}..] -> {}", name(from), name(to))?;
                    }
                    Command::Dispatch(dispatch) => {
                        let kernel = dispatch.kernel.kernel();
                        write!(f, "  {}", kernel.name)?;
                        for (id, spec) in dispatch.bindings.iter().zip(kernel.bindings) {
                            if spec.access == Access::Write {
                                f.write_str(" ->")?;
                            }
                            write!(f, " {}", name(id))?;
                            let role = self.buffers.get(id.0 as usize).map(|b| b.role);
                            if let Some(Role::Weight(format)) = role
                                && spec.element == super::Element::Weight
                            {
                                write!(f, ":{format:?}")?;
                            }
                        }
                        writeln!(f, " {:?}", dispatch.workgroups)?;
                    }
                }
            }
        }
        Ok(())
    }
}
