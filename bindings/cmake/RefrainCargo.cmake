# Cargo from CMake: finding it, building with it, and libraries of what it built.

# -- What there is -----------------------------------------------------------------------------------

find_program(REFRAIN_CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin"
    "$ENV{USERPROFILE}/.cargo/bin" DOC "The package manager of Rust")
if(NOT REFRAIN_CARGO)
    message(FATAL_ERROR "refrain: cargo was not found. Install Rust ${refrain_rust_version} or newer "
        "(https://rustup.rs), or say where it is with -DREFRAIN_CARGO=/path/to/cargo.")
endif()
execute_process(COMMAND "${REFRAIN_CARGO}" --version --verbose WORKING_DIRECTORY "${refrain_root}"
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
if(NOT status EQUAL 0 OR NOT said MATCHES "cargo ([0-9]+\\.[0-9]+\\.[0-9]+)")
    message(FATAL_ERROR "refrain: ${REFRAIN_CARGO} does not run: ${said}")
endif()
if(CMAKE_MATCH_1 VERSION_LESS refrain_rust_version)
    message(FATAL_ERROR "refrain: ${REFRAIN_CARGO} is of version ${CMAKE_MATCH_1}; needed is Rust "
        "${refrain_rust_version} or newer (`rustup update stable`).")
endif()
string(REGEX MATCH "host: ([^\n\r ]+)" host "${said}")
set(refrain_host "${CMAKE_MATCH_1}")

if(NOT REFRAIN_RUST_TARGET)
    if(CMAKE_SYSTEM_NAME MATCHES "^(Darwin|iOS)$" AND CMAKE_OSX_ARCHITECTURES)
        list(LENGTH CMAKE_OSX_ARCHITECTURES count)
        if(count GREATER 1)
            message(FATAL_ERROR "refrain: one of CMAKE_OSX_ARCHITECTURES at a time; bindings/BUILDING.md "
                "tells how to join what was built.")
        endif()
        set(processor "${CMAKE_OSX_ARCHITECTURES}")
    else()
        set(processor "${CMAKE_SYSTEM_PROCESSOR}")
    endif()
    set(libc gnu)
    if(CMAKE_C_LIBRARY_ARCHITECTURE MATCHES "musl" OR CMAKE_C_COMPILER_TARGET MATCHES "musl"
       OR (NOT CMAKE_CROSSCOMPILING AND refrain_host MATCHES "musl"))
        set(libc musl)
    endif()
    refrain_rust_target(REFRAIN_RUST_TARGET SYSTEM "${CMAKE_SYSTEM_NAME}" PROCESSOR "${processor}"
        ABI "${CMAKE_ANDROID_ARCH_ABI}" SYSROOT "${CMAKE_OSX_SYSROOT}" LIBC "${libc}"
        COMPILER "${CMAKE_C_COMPILER_ID}" POINTER "${CMAKE_SIZEOF_VOID_P}")
    if(NOT REFRAIN_RUST_TARGET)
        message(FATAL_ERROR "refrain: no Rust target is known for ${CMAKE_SYSTEM_NAME} on ${processor} "
            "${CMAKE_ANDROID_ARCH_ABI}; name one with -DREFRAIN_RUST_TARGET=...")
    endif()
endif()
set(REFRAIN_RUST_TARGET "${REFRAIN_RUST_TARGET}" CACHE STRING "The target that cargo builds for")
get_filename_component(refrain_cargo_folder "${REFRAIN_CARGO}" DIRECTORY)
find_program(REFRAIN_RUSTC NAMES $ENV{RUSTC} rustc HINTS "${refrain_cargo_folder}" DOC "The compiler of Rust")
mark_as_advanced(REFRAIN_RUSTC)
if(REFRAIN_RUSTC)
    execute_process(COMMAND "${REFRAIN_RUSTC}" --print target-libdir --target "${REFRAIN_RUST_TARGET}"
        WORKING_DIRECTORY "${refrain_root}" OUTPUT_VARIABLE said ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT EXISTS "${said}")
        message(FATAL_ERROR "refrain: Rust's library for ${REFRAIN_RUST_TARGET} is not installed:\n"
            "    rustup target add ${REFRAIN_RUST_TARGET}")
    endif()
endif()
set(refrain_target_argument "")
set(refrain_target_folder "")
if(NOT REFRAIN_RUST_TARGET STREQUAL refrain_host)
    set(refrain_target_argument --target "${REFRAIN_RUST_TARGET}")
    set(refrain_target_folder "/${REFRAIN_RUST_TARGET}")
endif()

# Prelinking is for ELF with GNU binutils; lld refuses `-r --gc-sections`.
set(refrain_can_prelink OFF)
if(UNIX AND NOT APPLE AND NOT EMSCRIPTEN AND CMAKE_LINKER AND CMAKE_OBJCOPY AND CMAKE_NM AND CMAKE_AR)
    execute_process(COMMAND "${CMAKE_LINKER}" --version OUTPUT_VARIABLE said ERROR_QUIET)
    if(said MATCHES "^GNU (ld|gold)")
        set(refrain_can_prelink ON)
    endif()
endif()

# On Windows cargo makes the DLL; elsewhere the C compiler makes the shared library of the static one.
set(refrain_crate_type staticlib)
set(refrain_import_name "")
if(WIN32)
    set(refrain_crate_type "staticlib,cdylib")
    set(refrain_import_name librefrain.dll.a)
    if(MSVC)
        set(refrain_import_name refrain.dll.lib)
    endif()
endif()

# -- What to link with -------------------------------------------------------------------------------

# The libraries of the system that a static refrain needs.
function(refrain_system_libraries out)
    cmake_parse_arguments(PARSE_ARGV 1 L "" "GPU" "")
    if(WIN32)
        set(libraries kernel32 ntdll userenv ws2_32 dbghelp bcrypt advapi32)
        if(L_GPU)
            list(APPEND libraries user32 gdi32 opengl32 ole32 oleaut32 propsys runtimeobject)
        endif()
    elseif(APPLE)
        set(libraries iconv "-framework CoreFoundation" "-framework Security")
        if(L_GPU)
            list(APPEND libraries "-framework Metal" "-framework QuartzCore" "-framework Foundation"
                "-framework CoreGraphics" objc)
        endif()
    elseif(ANDROID)
        set(libraries m dl log)
    elseif(EMSCRIPTEN OR CMAKE_SYSTEM_NAME STREQUAL "WASI")
        set(libraries "")
    else()
        set(libraries m pthread dl)
    endif()
    set(${out} ${libraries} PARENT_SCOPE)
endfunction()

# -- Libraries ---------------------------------------------------------------------------------------

# The profile of cargo for a build type, and the folder that cargo names after it. With several build
# types in one tree each has its own folder of results.
if(REFRAIN_PROFILE)
    set(refrain_profile "${REFRAIN_PROFILE}")
else()
    set(refrain_profile "$<IF:$<CONFIG:MinSizeRel>,release-small,release>")
    set(refrain_profile "$<IF:$<CONFIG:RelWithDebInfo>,release-debug,${refrain_profile}>")
    set(refrain_profile "$<IF:$<CONFIG:Debug>,dev,${refrain_profile}>")
endif()
set(refrain_profile_folder "$<IF:$<STREQUAL:${refrain_profile},dev>,debug,${refrain_profile}>")
set(refrain_out "${CMAKE_CURRENT_BINARY_DIR}/out")
if(CMAKE_CONFIGURATION_TYPES)
    string(APPEND refrain_out "/$<CONFIG>")
endif()

# Where an imported target's files are, for every build type.
function(refrain_locations target property file)
    if(NOT CMAKE_CONFIGURATION_TYPES)
        set_property(TARGET "${target}" PROPERTY "${property}" "${file}")
        return()
    endif()
    foreach(config IN LISTS CMAKE_CONFIGURATION_TYPES)
        string(REPLACE "$<CONFIG>" "${config}" one "${file}")
        string(TOUPPER "${config}" config)
        set_property(TARGET "${target}" PROPERTY "${property}_${config}" "${one}")
        set_property(TARGET "${target}" APPEND PROPERTY IMPORTED_CONFIGURATIONS "${config}")
    endforeach()
endfunction()

# refrain::<name>, a static library of the crate with these features. `core` is built without
# unwinding and in a folder of its own, because its file has the same name as the other one.
function(refrain_cargo_library name features)
    set(file "${CMAKE_STATIC_LIBRARY_PREFIX}refrain")
    set(target_dir "${REFRAIN_CARGO_TARGET_DIR}")
    set(crate_type "${REFRAIN_CRATE_TYPE}")
    set(compiler_arguments "")
    if(name STREQUAL "core")
        string(APPEND file "_core")
        string(APPEND target_dir "/core")
        set(crate_type staticlib)
        set(compiler_arguments -- -C panic=abort)
    endif()
    set(built "${target_dir}${refrain_target_folder}/${refrain_profile_folder}")
    set(refrain_${name}_built "${built}" PARENT_SCOPE)
    if(MSVC)
        string(APPEND built "/refrain.lib")
    else()
        string(APPEND built "/librefrain.a")
    endif()

    # Cargo knows what its sources are: it is always asked, and touches nothing that is current.
    add_custom_target(refrain_${name}_cargo
        COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_BUILD_TARGET
            "${REFRAIN_CARGO}" rustc --lib --crate-type "${crate_type}" --profile "${refrain_profile}"
            --no-default-features --features "${features}" ${refrain_target_argument}
            --target-dir "${target_dir}" ${REFRAIN_CARGO_FLAGS} ${compiler_arguments}
        WORKING_DIRECTORY "${refrain_root}" BYPRODUCTS "${built}" USES_TERMINAL VERBATIM
        COMMENT "cargo: refrain ${name} (${features})")
    set(library "${refrain_out}/${file}${CMAKE_STATIC_LIBRARY_SUFFIX}")
    set(object "${refrain_out}/${file}.o")
    set(prelink "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/prelink.cmake")
    if(REFRAIN_PRELINK)
        add_custom_command(OUTPUT "${library}" "${object}"
            COMMAND "${CMAKE_COMMAND}" "-DARCHIVE=${built}" "-DHEADER=${refrain_root}/include/refrain.h"
                "-DOBJECT=${object}" "-DOUTPUT=${library}" "-DLINKER=${CMAKE_LINKER}"
                "-DOBJCOPY=${CMAKE_OBJCOPY}" "-DNM=${CMAKE_NM}" "-DAR=${CMAKE_AR}"
                "-DPROFILE=${refrain_profile}" -P "${prelink}"
            DEPENDS refrain_${name}_cargo "${built}" "${prelink}" VERBATIM
            COMMENT "prelinking ${file}${CMAKE_STATIC_LIBRARY_SUFFIX}")
    else()
        add_custom_command(OUTPUT "${library}"
            COMMAND "${CMAKE_COMMAND}" -E copy "${built}" "${library}"
            DEPENDS refrain_${name}_cargo "${built}" VERBATIM)
    endif()
    set(refrain_${name}_library "${library}" PARENT_SCOPE)
    set(refrain_${name}_object "${object}" PARENT_SCOPE)
    set(refrain_${name}_file "${file}${CMAKE_STATIC_LIBRARY_SUFFIX}" PARENT_SCOPE)

    set(in_all "")
    if(REFRAIN_INSTALL)
        set(in_all ALL)
    endif()
    add_custom_target(refrain_${name} ${in_all} DEPENDS "${library}")
    add_library(refrain::${name} STATIC IMPORTED GLOBAL)
    set_target_properties(refrain::${name} PROPERTIES
        IMPORTED_LINK_INTERFACE_LANGUAGES C INTERFACE_LINK_LIBRARIES refrain_headers)
    refrain_locations(refrain::${name} IMPORTED_LOCATION "${library}")
    add_dependencies(refrain::${name} refrain_${name})
endfunction()

# refrain::shared. Its SONAME carries the number of the binary interface, not the version.
function(refrain_shared_library)
    set(in_all EXCLUDE_FROM_ALL)
    if(REFRAIN_INSTALL)
        set(in_all "")
    endif()
    get_property(supported GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS)
    if(NOT supported)
        if(REFRAIN_SHARED)
            message(FATAL_ERROR "refrain: ${CMAKE_SYSTEM_NAME} has no shared libraries; REFRAIN_SHARED is on")
        endif()
        return()
    endif()
    if(WIN32)
        refrain_cargo_dll()
        return()
    endif()
    if(REFRAIN_PRELINK)
        # One object, in which only what the library offers is visible.
        add_library(refrain_shared SHARED ${in_all} "${refrain_static_object}")
        target_link_options(refrain_shared PRIVATE LINKER:--gc-sections LINKER:-z,defs)
    else()
        # The whole archive, and the linker told what is to be visible.
        set(source "${CMAKE_CURRENT_BINARY_DIR}/shared.c")
        file(CONFIGURE OUTPUT "${source}" CONTENT "typedef int refrain_shared_library;\n")
        add_library(refrain_shared SHARED ${in_all} "${source}")
        set(archive "${refrain_static_library}")
        if(APPLE)
            target_link_options(refrain_shared PRIVATE "LINKER:-force_load,${archive}"
                "LINKER:-exported_symbol,_refrain_*" LINKER:-dead_strip)
        else()
            set(script "${CMAKE_CURRENT_BINARY_DIR}/shared.map")
            file(CONFIGURE OUTPUT "${script}" CONTENT "{ global: refrain_*; local: *; };\n")
            target_link_options(refrain_shared PRIVATE LINKER:--whole-archive "${archive}"
                LINKER:--no-whole-archive "LINKER:--version-script=${script}" LINKER:--gc-sections
                LINKER:-z,defs)
        endif()
        set_property(TARGET refrain_shared APPEND PROPERTY LINK_DEPENDS "${archive}")
    endif()
    add_dependencies(refrain_shared refrain_static)
    set_target_properties(refrain_shared PROPERTIES OUTPUT_NAME refrain LINKER_LANGUAGE C
        VERSION "${refrain_abi}" SOVERSION "${refrain_abi}")
    target_link_libraries(refrain_shared PUBLIC refrain_headers PRIVATE ${refrain_libraries})
    add_library(refrain::shared ALIAS refrain_shared)
endfunction()

# refrain::shared on Windows: the DLL that cargo makes, and its import library.
function(refrain_cargo_dll)
    add_library(refrain::shared SHARED IMPORTED GLOBAL)
    set_target_properties(refrain::shared PROPERTIES INTERFACE_LINK_LIBRARIES refrain_headers
        INTERFACE_COMPILE_DEFINITIONS REFRAIN_DLL)
    set(dll "${refrain_out}/refrain.dll")
    set(import "${refrain_import_name}")
    set(in_all "")
    if(REFRAIN_INSTALL)
        set(in_all ALL)
    endif()
    add_custom_command(OUTPUT "${dll}" "${refrain_out}/${import}"
        COMMAND "${CMAKE_COMMAND}" -E copy "${refrain_static_built}/refrain.dll"
            "${refrain_static_built}/${import}" "${refrain_out}"
        DEPENDS refrain_static VERBATIM)
    add_custom_target(refrain_dll ${in_all} DEPENDS "${dll}" "${refrain_out}/${import}")
    refrain_locations(refrain::shared IMPORTED_LOCATION "${dll}")
    refrain_locations(refrain::shared IMPORTED_IMPLIB "${refrain_out}/${import}")
    add_dependencies(refrain::shared refrain_dll)
endfunction()
