//! The C functions, called by programs in C and C++ that the system's compiler builds.
