# Functions of the contracts (os.h, os_storage.h, ...) that engine/windows does
# not have yet: each becomes a member of a library that is linked last, so that
# whoever writes the real one has nothing to take away. A name that is gone from
# here for good is one that works.
set(sbk_missing
)
set(sbk_missing_sources)
foreach(name ${sbk_missing})
	set(source ${CMAKE_CURRENT_BINARY_DIR}/not_yet/${name}.c)
	# Its arguments and its answer do not matter: it does not return.
	file(CONFIGURE OUTPUT ${source} CONTENT
"#include \"engine/windows/not_yet.h\"
void @name@(void);
void @name@(void)
{
	sbk_not_yet(\"@name@\");
}
" @ONLY)
	list(APPEND sbk_missing_sources ${source})
endforeach()
if(sbk_missing_sources)
	add_library(sbk_not_yet STATIC ${sbk_missing_sources})
else()
	add_library(sbk_not_yet INTERFACE)
endif()
