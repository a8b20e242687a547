/* See the header. */
#include "tests/audit/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/audit/world.h"

#include "engine/banned.h"

json_t *audit(const char *prefix, const char *arguments, int code)
{
	char command[4096];
	json_error_t why;
	json_t *report;
	char *text;
	int status;

	(void)snprintf(command, sizeof(command),
		       "%s" SANDBOOK "audit %s >/run/report.json "
		       "2>/run/report.err; echo $?",
		       prefix, arguments);
	text = shell_output(command);
	status = (int)strtol(text, NULL, 10);
	free(text);
	report = json_load_file("/run/report.json", 0, &why);
	if (status != code || (report == NULL && code < 3)) {
		print_error("'%s' ended with %d instead of %d\n", arguments,
			    status, code);
		(void)shell("cat /run/report.json /run/report.err");
		fail();
	}
	return report;
}

size_t count(const json_t *report, const char *rule, const char *object)
{
	const json_t *list = json_object_get(report, "findings");
	size_t i, found = 0;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *finding = json_array_get(list, i);
		const char *own =
			json_string_value(json_object_get(finding, "object"));

		if (strcmp(json_string_value(json_object_get(finding, "rule")),
			   rule) == 0 &&
		    (object == NULL ||
		     (own != NULL && strcmp(own, object) == 0)))
			found++;
	}
	return found;
}

void expect(const char *prefix, const char *arguments, int code,
	    const char *rule, const char *object, size_t times)
{
	json_t *report = audit(prefix, arguments, code);

	if (count(report, rule, object) != times) {
		print_error("'%s': %zu of %s instead of %zu\n", arguments,
			    count(report, rule, object), rule, times);
		(void)shell("cat /run/report.json");
		fail();
	}
	json_decref(report);
}

void must(const char *command)
{
	if (shell(command) != 0) {
		print_error("'%s' failed\n", command);
		fail();
	}
}
