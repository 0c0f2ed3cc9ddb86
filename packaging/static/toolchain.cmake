# SPDX-License-Identifier: Apache-2.0
#
# For svc-agent as one static file, and for those of its libraries that CMake builds: the compiler, the
# flags and the libraries that packaging/static/build has made in SVC_STATIC_PARTS.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SVC_STATIC_PARTS)
if(NOT SVC_STATIC_PARTS)
	set(SVC_STATIC_PARTS ${CMAKE_CURRENT_LIST_DIR}/../../build/static/musl)
endif()
get_filename_component(SVC_STATIC_PARTS ${SVC_STATIC_PARTS} ABSOLUTE)

set(CMAKE_C_COMPILER ${SVC_STATIC_PARTS}/bin/static-cc)
file(STRINGS ${SVC_STATIC_PARTS}/cflags flags LIMIT_COUNT 1)
set(CMAKE_C_FLAGS_INIT ${flags})
file(STRINGS ${SVC_STATIC_PARTS}/ldflags flags LIMIT_COUNT 1)
set(CMAKE_EXE_LINKER_FLAGS_INIT ${flags})
set(CMAKE_C_STANDARD_LIBRARIES_INIT -lm) # libev's; with musl it is libc's
set(CMAKE_C_FLAGS_RELEASE -DNDEBUG CACHE STRING "without CMake's -O3")

# Headers and libraries are those of the prefix alone; programs are this machine's.
set(CMAKE_FIND_ROOT_PATH ${SVC_STATIC_PARTS}/root)
set(PKG_CONFIG_USE_CMAKE_PREFIX_PATH FALSE) # or descriptions of this machine's would come first
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${SVC_STATIC_PARTS}/root/usr/lib/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${SVC_STATIC_PARTS}/root)
