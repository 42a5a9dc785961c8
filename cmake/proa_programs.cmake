# Programs beside the modules: integration tests, scripts as tests, benchmarks and fuzz targets.
# Folders that are missing or empty give no targets.

# The modules that exist, bottom-up; for programs whose modules nobody named.
function(proa_all_modules out)
  set(found)
  foreach(module base calendar os model telemetry http otlp storage logs identity frames launcher
          network sandbox runtime_api environment pool oci catalog dispatch schedule backup kernels
          api cli)
    if(TARGET proa_${module})
      list(APPEND found ${module})
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# proa_modules_of(OUT NAME): the modules that program NAME links: its line `NAME: a b` in
# PROA_PROGRAM_MODULES, else the module its name is or begins with (http_request: http), else all.
function(proa_modules_of out name)
  foreach(line IN LISTS PROA_PROGRAM_MODULES)
    if(line MATCHES "^${name}: *(.+)$")
      string(REPLACE " " ";" modules "${CMAKE_MATCH_1}")
      set(${out} ${modules} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  proa_all_modules(all)
  foreach(module IN LISTS all)
    if(name STREQUAL module OR name MATCHES "^${module}_")
      set(${out} ${module} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()

# proa_program(TARGET SOURCE NAME LIBRARIES...): an executable of one source and its modules.
function(proa_program target source name)
  proa_modules_of(modules ${name})
  list(TRANSFORM modules PREPEND proa_)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${modules} proa_options ${ARGN})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE
    PROA_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PROA_BINARY_DIR="${CMAKE_BINARY_DIR}/bin")
  target_precompile_headers(${target} REUSE_FROM proa_pch)
endfunction()

# proa_integration_tests(): every *_test.cpp here, labelled `integration`, one at a time.
function(proa_integration_tests)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    proa_program(${name}_integration_test ${source} ${name} GTest::gmock GTest::gtest_main)
    foreach(program proa proa-launcher proa-init)
      if(TARGET ${program})
        add_dependencies(${name}_integration_test ${program})
      endif()
    endforeach()
    add_test(NAME integration.${name} COMMAND ${name}_integration_test)
    set_tests_properties(integration.${name} PROPERTIES
      LABELS integration RUN_SERIAL TRUE TIMEOUT 300)
  endforeach()
endfunction()

# proa_script_tests(LABEL FOLDER [ALONE NAME...] [CONCURRENT NAME...]): test_*.py of FOLDER by
# unittest, test_*.mjs by node, one CTest test a file; those named run beside no other test, or are
# also labelled `concurrent`. Debian's python3, because Debian's boto3 belongs to it. The scripts
# find the built programs in $PROA_BINARY_DIR and the tree in $PROA_SOURCE_DIR.
function(proa_script_tests label folder)
  cmake_parse_arguments(arg "" "" "ALONE;CONCURRENT" ${ARGN})
  file(GLOB scripts CONFIGURE_DEPENDS ${folder}/test_*.py ${folder}/test_*.mjs)
  foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    get_filename_component(extension ${script} EXT)
    if(extension STREQUAL ".py")
      set(command /usr/bin/python3 -B -m unittest -v ${name})
    else()
      set(command node --test ${script})
    endif()
    string(SUBSTRING ${name} 5 -1 name)
    add_test(NAME ${label}.${name} COMMAND ${command} WORKING_DIRECTORY ${folder})
    set(labels ${label})
    if(name IN_LIST arg_CONCURRENT)
      list(APPEND labels concurrent)
    endif()
    set(environment "PROA_BINARY_DIR=${CMAKE_BINARY_DIR}/bin;PROA_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
    set_tests_properties(${label}.${name} PROPERTIES
      LABELS "${labels}" TIMEOUT 300 ENVIRONMENT "${environment}"
      # A file without tests, or one that could not be read, is no success.
      FAIL_REGULAR_EXPRESSION "Ran 0 tests;\n# tests 0")
    if(name IN_LIST arg_ALONE)
      set_tests_properties(${label}.${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
  endforeach()
endfunction()

# proa_machine_tests(FOLDER NAME...): scripts of proa_script_tests(compat FOLDER) once more, with
# functions in virtual machines. The kernel and the root of all are made once.
function(proa_machine_tests folder)
  set(guests ${CMAKE_BINARY_DIR}/machines)
  set(environment "PROA_BINARY_DIR=${CMAKE_BINARY_DIR}/bin;PROA_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
  add_test(NAME machines.guests COMMAND /usr/bin/python3 -B guests.py ${guests}
           WORKING_DIRECTORY ${folder})
  set_tests_properties(machines.guests PROPERTIES
    LABELS machines RUN_SERIAL TRUE TIMEOUT 600 ENVIRONMENT "${environment}"
    FIXTURES_SETUP machines)
  list(APPEND environment PROA_COMPAT_ISOLATION=microvm PROA_COMPAT_GUESTS=${guests})
  foreach(name IN LISTS ARGN)
    add_test(NAME machines.${name} COMMAND /usr/bin/python3 -B -m unittest -v test_${name}
             WORKING_DIRECTORY ${folder})
    set_tests_properties(machines.${name} PROPERTIES
      LABELS machines RUN_SERIAL TRUE TIMEOUT 600 ENVIRONMENT "${environment}"
      FIXTURES_REQUIRED machines FAIL_REGULAR_EXPRESSION "Ran 0 tests")
  endforeach()
endfunction()
