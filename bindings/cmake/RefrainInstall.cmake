# What `cmake --install` puts where: include, lib, lib/cmake/refrain, lib/pkgconfig, share/refrain.

install(FILES "${refrain_root}/include/refrain.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
set(refrain_has_cpp OFF)
if(EXISTS "${refrain_root}/bindings/cpp/refrain.hpp")
    set(refrain_has_cpp ON)
    install(DIRECTORY "${refrain_root}/bindings/cpp/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
endif()
install(FILES "${refrain_root}/LICENSE-APACHE" "${refrain_root}/LICENSE-MIT" "${refrain_root}/README.md"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/refrain")
install(DIRECTORY "${refrain_root}/shaders" DESTINATION "${CMAKE_INSTALL_DATADIR}/refrain"
    FILES_MATCHING PATTERN "*.wgsl")
install(DIRECTORY "${refrain_root}/bindings/samples" DESTINATION "${CMAKE_INSTALL_DATADIR}/refrain" OPTIONAL)

# -- Libraries ---------------------------------------------------------------------------------------

set(refrain_shared_file "")
set(refrain_import_file "")
if(REFRAIN_CORE)
    install(FILES "${refrain_core_library}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
if(REFRAIN_FULL)
    install(FILES "${refrain_static_library}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    if(WIN32)
        set(refrain_shared_file "${CMAKE_INSTALL_BINDIR}/refrain.dll")
        set(refrain_import_file "${CMAKE_INSTALL_LIBDIR}/${refrain_import_name}")
        install(FILES "${refrain_out}/refrain.dll" DESTINATION "${CMAKE_INSTALL_BINDIR}")
        install(FILES "${refrain_out}/${refrain_import_name}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    elseif(TARGET refrain_shared)
        install(TARGETS refrain_shared LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
        set(refrain_shared_file "${CMAKE_INSTALL_LIBDIR}/${CMAKE_SHARED_LIBRARY_PREFIX}refrain")
        if(APPLE)
            string(APPEND refrain_shared_file ".${refrain_abi}.dylib")
        else()
            string(APPEND refrain_shared_file ".so.${refrain_abi}")
        endif()
    endif()
endif()

# -- Finding them ------------------------------------------------------------------------------------

set(refrain_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/refrain")
set(refrain_generated "${CMAKE_CURRENT_BINARY_DIR}/install")
list(JOIN refrain_libraries ";" refrain_interface)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/refrainConfig.cmake.in"
    "${refrain_generated}/refrainConfig.cmake" INSTALL_DESTINATION "${refrain_config_dir}"
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR NO_CHECK_REQUIRED_COMPONENTS_MACRO)
configure_file("${CMAKE_CURRENT_LIST_DIR}/refrainTargets.cmake.in"
    "${refrain_generated}/refrainTargets.cmake" @ONLY)
# Until 1.0 another minor version may be another interface.
write_basic_package_version_file("${refrain_generated}/refrainConfigVersion.cmake"
    VERSION "${refrain_version}" COMPATIBILITY SameMinorVersion)
install(FILES "${refrain_generated}/refrainConfig.cmake" "${refrain_generated}/refrainTargets.cmake"
    "${refrain_generated}/refrainConfigVersion.cmake" DESTINATION "${refrain_config_dir}")

# For pkg-config: the prefix is where the file lies, so that the folder may be moved.
file(RELATIVE_PATH refrain_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" refrain_pc_prefix "${refrain_pc_prefix}")
set(refrain_pc_private "")
foreach(library IN LISTS refrain_libraries)
    if(NOT library MATCHES "^-")
        set(library "-l${library}")
    endif()
    string(APPEND refrain_pc_private " ${library}")
endforeach()
string(STRIP "${refrain_pc_private}" refrain_pc_private)
set(refrain_pc_files "")
if(REFRAIN_FULL)
    list(APPEND refrain_pc_files refrain)
endif()
if(REFRAIN_CORE)
    list(APPEND refrain_pc_files refrain-core)
endif()
foreach(file IN LISTS refrain_pc_files)
    configure_file("${refrain_root}/bindings/pkgconfig/${file}.pc.in" "${refrain_generated}/${file}.pc" @ONLY)
    install(FILES "${refrain_generated}/${file}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
