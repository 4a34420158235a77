# What Cargo.toml and the header say: version, number of the binary interface, oldest Rust.

function(refrain_read_manifest root version_out abi_out rust_out)
    # The package comes first; other tables have versions of other things.
    file(READ "${root}/Cargo.toml" manifest)
    string(REGEX MATCH "\nversion = \"([0-9.]+)\"" line "${manifest}")
    set(${version_out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
    string(REGEX MATCH "\nrust-version = \"([0-9.]+)\"" line "${manifest}")
    set(${rust_out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
    file(STRINGS "${root}/include/refrain.h" line REGEX "^#define REFRAIN_ABI_VERSION ")
    string(REGEX REPLACE "[^0-9]+" "" abi "${line}")
    set(${abi_out} "${abi}" PARENT_SCOPE)
endfunction()
