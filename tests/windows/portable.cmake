# The portable suites as programs for Windows, run under Wine where they were
# cross-built (tests/README.md).
function(sbk_add_portable folder)
	foreach(module ${ARGN})
		sbk_add_test(${folder}.${module}
			../${folder}/test_${module}.c LIBS sbk_${folder})
	endforeach()
endfunction()

sbk_add_portable(engine buf path principal_id table)
sbk_add_portable(ntsec ace inherit rights sid sid_names spread)
