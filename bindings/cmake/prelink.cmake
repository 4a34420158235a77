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

# The functions that the header declares; which of them are there depends on the features.
file(STRINGS "${HEADER}" lines REGEX "^[A-Za-z].*[ *]refrain_[a-z0-9_]+\\(")
set(declared "")
foreach(line IN LISTS lines)
    string(REGEX MATCH "(refrain_[a-z0-9_]+)\\(" name "${line}")
    list(APPEND declared "${CMAKE_MATCH_1}")
endforeach()

# One object of all that they need. A group of sections that two libraries share would be taken from
# this one, where it is hidden: there are to be no groups.
get_filename_component(folder "${OBJECT}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
file(REMOVE "${OUTPUT}")
set(roots "${declared}")
if("${LINKER}" MATCHES "lld")
    # Keeps what nothing needs: the program's own --gc-sections removes it.
    list(TRANSFORM roots PREPEND "-Wl,-u,")
    set(group -R .group)
    refrain_run(${LINKER} -r ${roots} -o "${OBJECT}.all" "${ARCHIVE}")
else()
    list(TRANSFORM roots PREPEND "--undefined=")
    set(group "")
    refrain_run("${LINKER}" -r --gc-sections --force-group-allocation ${roots} -o "${OBJECT}.all" "${ARCHIVE}")
endif()
# Bitcode of another compiler stops some tools.
refrain_run("${OBJCOPY}" -R .llvmbc -R .llvmcmd ${group} "${OBJECT}.all" "${OBJECT}")
refrain_run("${NM}" --defined-only --extern-only "${OBJECT}")
string(REGEX MATCHALL " T refrain_[a-z0-9_]+" defined "${said}")
list(TRANSFORM defined REPLACE "^ T " "")
set(functions "")
set(absent "")
foreach(name IN LISTS declared)
    if(name IN_LIST defined)
        list(APPEND functions "${name}")
    else()
        list(APPEND absent "--strip-symbol=${name}")
    endif()
endforeach()
if(NOT functions)
    message(FATAL_ERROR "refrain: no function of ${HEADER} is in ${ARCHIVE}")
endif()
list(JOIN functions "\n" text)
file(WRITE "${OBJECT}.symbols" "${text}\n")

# Symbols that nothing names any more would come back as undefined ones.
set(strip --strip-unneeded)
if(PROFILE MATCHES "dev|debug")
    set(strip --wildcard "--strip-unneeded-symbol=*" "--strip-unneeded-symbol=!refrain_*")
endif()
refrain_run("${OBJCOPY}" "--keep-global-symbols=${OBJECT}.symbols" ${absent} ${strip} "${OBJECT}")
file(REMOVE "${OBJECT}.all")
refrain_run("${AR}" crs "${OUTPUT}" "${OBJECT}")
