# Installs the programs and the SDK: public headers, generated wire headers, libraries, and a package configuration, so
# that a project outside says `find_package(allmende)` and links `allmende::sdk`. Examples in the tree link the same name.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ALLMENDE_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/allmende)

# allmende_sdk_target(NAME...)   `allmende::sdk`, the libraries behind the public headers. Call it before the examples.
function(allmende_sdk_target)
  add_library(allmende_sdk INTERFACE)
  add_library(allmende::sdk ALIAS allmende_sdk)
  set_target_properties(allmende_sdk PROPERTIES EXPORT_NAME sdk)
  target_link_libraries(allmende_sdk INTERFACE ${ARGN})
  target_include_directories(allmende_sdk INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/sdk/include>
                                                    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

# The project's own libraries behind `root`, itself included.
function(_allmende_libraries_behind root result)
  set(found)
  set(open ${root})
  while(open)
    list(POP_FRONT open name)
    if(name IN_LIST found)
      continue()
    endif()
    list(APPEND found ${name})
    get_target_property(type ${name} TYPE)
    set(property LINK_LIBRARIES)
    if(type STREQUAL "INTERFACE_LIBRARY")
      set(property INTERFACE_LINK_LIBRARIES)
    endif()
    get_target_property(dependencies ${name} ${property})
    foreach(dependency ${dependencies})
      if(dependency MATCHES "^(proto|policy|sdk)_[a-z0-9_]+$" AND TARGET ${dependency})
        list(APPEND open ${dependency})
      endif()
    endforeach()
  endwhile()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# Call it once, after every folder.
function(allmende_install)
  _allmende_libraries_behind(allmende_sdk libraries)
  install(TARGETS ${libraries} EXPORT allmende ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/allmende)
  install(EXPORT allmende NAMESPACE allmende:: FILE allmendeTargets.cmake DESTINATION ${ALLMENDE_PACKAGE_FOLDER})
  install(DIRECTORY sdk/include/allmende DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
  install(DIRECTORY ${PROJECT_BINARY_DIR}/gen/allmende DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
          FILES_MATCHING PATTERN "*.pb.h")
  install(DIRECTORY proto/allmende DESTINATION ${CMAKE_INSTALL_DATADIR}/allmende/proto FILES_MATCHING PATTERN "*.proto")
  install(TARGETS allmende allmended RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES broker/packaging/allmended.service DESTINATION lib/systemd/system)

  configure_file(.cmake/allmendeConfig.cmake.in allmendeConfig.cmake @ONLY)
  write_basic_package_version_file(allmendeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/allmendeConfig.cmake ${PROJECT_BINARY_DIR}/allmendeConfigVersion.cmake
          DESTINATION ${ALLMENDE_PACKAGE_FOLDER})
endfunction()
