# The portable suites as programs for Windows, run under Wine where they were
# cross-built (tests/README.md).
# sbk_add_portable(FOLDER LIBS library... MODULES module...): each module is
# test_<module>.c of the folder, "module:file.c" one that needs another file.
function(sbk_add_portable folder)
	cmake_parse_arguments(ARG "" "" "LIBS;MODULES" ${ARGN})
	foreach(entry ${ARG_MODULES})
		string(REPLACE ":" ";" files ${entry})
		list(POP_FRONT files module)
		list(TRANSFORM files PREPEND ../${folder}/)
		sbk_add_test(${folder}.${module}
			../${folder}/test_${module}.c ${files}
			LIBS ${ARG_LIBS})
	endforeach()
endfunction()

sbk_add_portable(engine LIBS sbk_engine MODULES apply buf cli owner path plan
	plan_undo principal_id rebase table)
sbk_add_portable(ntsec LIBS sbk_ntsec MODULES access:access_try.c:sd_make.c
	access_restricted:access_try.c:sd_make.c access_table ace
	acl:random_sd.c condition_evaluate:access_try.c inherit rights
	sd:random_sd.c sd_diff:random_sd.c sddl sid sid_names spread)
target_compile_definitions(test_ntsec_access_table PRIVATE
	NTSEC_README="${CMAKE_SOURCE_DIR}/engine/ntsec/README.md")
target_compile_definitions(test_ntsec_sddl PRIVATE
	SDDL_DATA="${CMAKE_SOURCE_DIR}/tests/data/sddl")
sbk_add_portable(ntfs LIBS sbk_ntfs MODULES runs volume:image.c)
target_compile_definitions(test_ntfs_volume PRIVATE
	NTFS_DATA="${CMAKE_SOURCE_DIR}/tests/data/ntfs")

# MSVC's C library has no unistd.h, by which these suites name files.
if(NOT MSVC)
	# The journal's, on Windows' own files. What needs a fork, links or other people
	# stands in suites of its own, which are not here.
	add_library(sbk_test_journal STATIC ../journal/fixture.c ../journal/life.c
		support/fixture.c support/posix.c)
	target_link_libraries(sbk_test_journal PUBLIC sbk_journal sbk_test_support)
	set(posix ${CMAKE_CURRENT_SOURCE_DIR}/support/posix.h)
	target_compile_options(sbk_test_journal PRIVATE
		-include${posix})
	set(journal import journal mark note remove scope session tree verify witness)
	# Minutes under Wine: with SBK_CAMPAIGN=1 when this is configured.
	if(DEFINED ENV{SBK_CAMPAIGN})
		list(APPEND journal proof segment verdict:verdicts.c
			verdict_keys:verdicts.c)
	endif()
	sbk_add_portable(journal LIBS sbk_test_journal MODULES ${journal})
	foreach(entry ${journal})
		string(REGEX REPLACE ":.*" "" module ${entry})
		target_compile_options(test_journal_${module} PRIVATE
			-include${posix})
	endforeach()

	# Its commands, by the program.
	sbk_add_test(windows.journal_cmd test_journal_cmd.c LIBS sbk_test_journal)
	add_dependencies(test_windows_journal_cmd sandbook)
endif()

# The program against the native one, which another build tree has.
set(SBK_NATIVE ${CMAKE_SOURCE_DIR}/build/bin/sandbook CACHE FILEPATH
	"The native sandbook, to compare with")
add_test(NAME windows.same COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/same
	${SBK_NATIVE} ${CMAKE_CROSSCOMPILING_EMULATOR}
	$<TARGET_FILE:sandbook>)
set_tests_properties(windows.same PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600
	FIXTURES_REQUIRED wine)

# The command line of sd, by the test of the native one: it wants one program.
if(CMAKE_CROSSCOMPILING_EMULATOR)
	list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
	set(shim ${CMAKE_CURRENT_BINARY_DIR}/sandbook)
	file(GENERATE OUTPUT ${shim} CONTENT
"#!/bin/sh
exec ${emulator} $<TARGET_FILE:sandbook> \"$@\"
"		FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
	add_test(NAME windows.sd COMMAND ${CMAKE_SOURCE_DIR}/tests/e2e/sd
		${shim})
	set_tests_properties(windows.sd PROPERTIES TIMEOUT 600
		FIXTURES_REQUIRED wine)
endif()
