# proa_bpf(MODULE SOURCE SYMBOL): compiles SOURCE (relative to src/) for the BPF machine and puts
# the object's bytes into proa_MODULE as `extern const unsigned char SYMBOL[]` and `SYMBOL_size`.
#
# Needs clang 14 or newer and libbpf's headers when building; nothing of it when running.
find_program(PROA_BPF_CLANG NAMES clang-14 clang REQUIRED)
find_program(PROA_BPF_STRIP NAMES llvm-strip-14 llvm-strip REQUIRED)

function(proa_bpf module source symbol)
  set(source ${CMAKE_SOURCE_DIR}/src/${source})
  set(base ${CMAKE_BINARY_DIR}/bpf/${symbol})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bpf)
  get_filename_component(folder ${source} DIRECTORY)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  add_custom_command(
    OUTPUT ${base}.o
    COMMAND ${PROA_BPF_CLANG} -target bpf -O2 -g -Wall -Wextra -Werror
            -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -c ${source} -o ${base}.o
    COMMAND ${PROA_BPF_STRIP} -g ${base}.o
    DEPENDS ${source} ${headers}
    VERBATIM)
  add_custom_command(
    OUTPUT ${base}.cpp
    COMMAND ${CMAKE_COMMAND} -DINPUT=${base}.o -DOUTPUT=${base}.cpp -DSYMBOL=${symbol}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${base}.o ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(proa_${module} PRIVATE ${base}.cpp)
endfunction()
