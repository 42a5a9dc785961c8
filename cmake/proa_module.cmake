# proa_module(NAME DEPENDS a b LIBRARIES x): one folder of src/ as one library.
#
# DEPENDS lists the folders this one may include: it is both the link line and the rule that
# tools/tidy.py holds every #include against. LIBRARIES are outside libraries, never re-exported
# by a public header unless the header needs them.

add_library(proa_options INTERFACE)
target_include_directories(proa_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(proa_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -fno-omit-frame-pointer
  # Boost 1.81's headers (JSON, coroutines, small_vector) trip these in GCC 12 at -O2 and above:
  # false positives. The sanitizers of the dev build look for the real thing.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-free-nonheap-object -Wno-stringop-overread
    -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict -Wno-mismatched-new-delete
    # A file that is included (PROA_UNITY) is taken for a header, whose types must not be hidden.
    $<$<BOOL:${PROA_UNITY}>:-Wno-subobject-linkage>>)
target_compile_definitions(proa_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE _FILE_OFFSET_BITS=64
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
# json and url here and not per module: their definitions must match the precompiled header's.
target_link_libraries(proa_options INTERFACE Threads::Threads Boost::json Boost::url)
target_link_options(proa_options INTERFACE -Wl,--as-needed)
if(PROA_SANITIZE)
  target_compile_options(proa_options INTERFACE -fsanitize=${PROA_SANITIZE})
  target_link_options(proa_options INTERFACE -fsanitize=${PROA_SANITIZE})
  if(PROA_SANITIZE STREQUAL "thread")
    # ThreadSanitizer knows no fences, and GCC warns of them. Asio's queues have a mutex anyway;
    # what is left are those behind the last count of a shared object.
    target_compile_definitions(proa_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(proa_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  else()
    # What UBSan knows of each check is data with addresses in it, which the loader of a program
    # that may stand anywhere writes anew at every start: 75,000 page faults for proa, not 20,000.
    target_link_options(proa_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-no-pie>)
    target_compile_options(proa_options INTERFACE -fno-sanitize-recover=all
      # Checks before each use of a pointer are half of GCC's output and a third of its time. A null
      # one ends the program under AddressSanitizer too; clang's build (fuzz) checks both.
      $<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=null,alignment>
      # Its prologue data breaks coroutines in clang 14: "Cannot represent a difference across
      # sections".
      $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  endif()
endif()
if(PROA_FUZZERS)
  target_compile_options(proa_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/ccache.sh)
endif()

# One precompiled header for every module: the standard library and Asio are most of the cost.
add_library(proa_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(proa_pch PUBLIC proa_options)
target_precompile_headers(proa_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)

function(proa_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  # Freestanding and BPF parts are built by rules of their own.
  list(FILTER sources EXCLUDE REGEX "/frames/init/main_|/bpf/")
  set(target proa_${name})
  list(TRANSFORM arg_DEPENDS PREPEND proa_)
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC proa_options ${arg_DEPENDS} PRIVATE ${arg_LIBRARIES})
    target_precompile_headers(${target} REUSE_FROM proa_pch)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE proa_options ${arg_DEPENDS} ${arg_LIBRARIES})
  endif()
endfunction()

# proa_unit_test(MODULE): tests/unit/MODULE/*.cpp as one executable, MODULE_test.
function(proa_unit_test name)
  cmake_parse_arguments(arg "CONCURRENT" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE proa_${name} ${arg_LIBRARIES}
                        GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE
    PROA_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PROA_BINARY_DIR="${CMAKE_BINARY_DIR}/bin")
  target_precompile_headers(${name}_test REUSE_FROM proa_pch)
  set(labels unit)
  if(arg_CONCURRENT)
    list(APPEND labels concurrent)
  endif()
  add_test(NAME unit.${name} COMMAND ${name}_test)
  set_tests_properties(unit.${name} PROPERTIES LABELS "${labels}" TIMEOUT 300)
endfunction()
