# Links a Rust static library into one object in which only the functions of the header are visible,
# so that a program may hold several Rust libraries, each with its own standard library.
#
#   cmake -DARCHIVE= -DHEADER= -DOBJECT= -DOUTPUT= -DLINKER= -DOBJCOPY= -DNM= -DAR= -DPROFILE= -P prelink.cmake

cmake_minimum_required(VERSION 3.20)

function(refrain_run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE why)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "refrain: ${ARGV}: ${status}\n${why}")
    endif()
    set(said "${said}" PARENT_SCOPE)
endfunction()

# The functions that the header declares and the library has.
file(STRINGS "${HEADER}" lines REGEX "^[A-Za-z].*[ *]refrain_[a-z0-9_]+\\(")
set(declared "")
foreach(line IN LISTS lines)
    string(REGEX MATCH "(refrain_[a-z0-9_]+)\\(" name "${line}")
    list(APPEND declared "${CMAKE_MATCH_1}")
endforeach()
execute_process(COMMAND "${NM}" --defined-only --extern-only "${ARCHIVE}"
    OUTPUT_VARIABLE said ERROR_VARIABLE why RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "refrain: ${NM} ${ARCHIVE}: ${status}\n${why}")
endif()
string(REGEX MATCHALL " T refrain_[a-z0-9_]+" defined "${said}")
list(TRANSFORM defined REPLACE "^ T " "")
list(REMOVE_DUPLICATES defined)
set(functions "")
set(roots "")
foreach(name IN LISTS declared)
    if(name IN_LIST defined)
        list(APPEND functions "${name}")
        list(APPEND roots -u "${name}")
    endif()
endforeach()
list(LENGTH functions count)
if(count EQUAL 0)
    message(FATAL_ERROR "refrain: no function of ${HEADER} is in ${ARCHIVE}")
endif()

get_filename_component(folder "${OBJECT}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
set(names "${OBJECT}.symbols")
list(JOIN functions "\n" text)
file(WRITE "${names}" "${text}\n")
# Symbols that nothing names any more would come back as undefined ones.
set(strip --strip-unneeded)
if(PROFILE MATCHES "dev|debug")
    set(strip --wildcard "--strip-unneeded-symbol=*" "--strip-unneeded-symbol=!refrain_*")
endif()
file(REMOVE "${OUTPUT}")
# A group of sections that two objects share would be taken from this one, where it is hidden.
refrain_run("${LINKER}" -r --gc-sections --force-group-allocation ${roots} -o "${OBJECT}.all" "${ARCHIVE}")
refrain_run("${OBJCOPY}" "--keep-global-symbols=${names}" -R .llvmbc -R .llvmcmd ${strip} "${OBJECT}.all" "${OBJECT}")
file(REMOVE "${OBJECT}.all")
refrain_run("${AR}" crs "${OUTPUT}" "${OBJECT}")
