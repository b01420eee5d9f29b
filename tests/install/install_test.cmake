# cmake -DBUILD=<build folder> -DWORK=<scratch folder> -DFLAGS=<compiler flags> -P install_test.cmake
#
# Installs what BUILD built and lets the consumer build, link and run against it.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "`${command}` failed:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/root)
run(${CMAKE_COMMAND} -G Ninja -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/root
    -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)

foreach(path bin/allmende bin/allmended lib/systemd/system/allmended.service)
  if(NOT EXISTS ${WORK}/root/${path})
    message(FATAL_ERROR "${path} was not installed")
  endif()
endforeach()
# Internal headers must not be installed: users would come to depend on them.
file(GLOB_RECURSE headers RELATIVE ${WORK}/root/include ${WORK}/root/include/*.h)
list(FILTER headers EXCLUDE REGEX "^allmende/([a-z_]+\\.h|v1/[a-z_.]+\\.pb\\.h)$")
if(headers)
  message(FATAL_ERROR "headers that are not public were installed: ${headers}")
endif()
