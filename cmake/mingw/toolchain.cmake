# The compiler, and what cmake/mingw/libraries built for it.
include(${CMAKE_CURRENT_LIST_DIR}/compiler.cmake)
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/libraries --where
	OUTPUT_VARIABLE sbk_prefix OUTPUT_STRIP_TRAILING_WHITESPACE
	RESULT_VARIABLE sbk_missing)
if(sbk_missing)
	message(FATAL_ERROR
		"Build the libraries first, once: cmake/mingw/libraries")
endif()
set(CMAKE_FIND_ROOT_PATH ${sbk_prefix})
set(ENV{PKG_CONFIG_LIBDIR} ${sbk_prefix}/lib/pkgconfig)
