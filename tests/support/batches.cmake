# Several source files of a target compiled as one, for whoever builds everything and once: most of a
# file's time is headers, which they share. Files whose names clash are compiled one by one after
# all (batches.py). With YOKE_BATCHES alone: an edited file should cost its own time.

function(yoke_compile_in_batches folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(kind ${target} TYPE)
    if(kind MATCHES "^(STATIC_LIBRARY|OBJECT_LIBRARY|EXECUTABLE)$")
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10
        CXX_COMPILER_LAUNCHER
          "/usr/bin/python3;${CMAKE_SOURCE_DIR}/tests/support/batches.py;${CMAKE_CXX_COMPILER_LAUNCHER}")
    endif()
  endforeach()
  get_property(below DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(each IN LISTS below)
    yoke_compile_in_batches(${each})
  endforeach()
endfunction()

yoke_compile_in_batches(${CMAKE_SOURCE_DIR})
