/*
 * The audit commands as people run them, and what is in their reports.
 */
#ifndef SBK_TEST_AUDIT_COMMANDS_H
#define SBK_TEST_AUDIT_COMMANDS_H

#include <jansson.h>
#include <stddef.h>

#define SANDBOOK SBK_BINARY_DIR "/bin/sandbook "

/* The report of `audit ARGUMENTS`, which must end with that code; `prefix` is
 * put before the command. */
json_t *audit(const char *prefix, const char *arguments, int code);
/* How many findings have the rule and, where given, this object. */
size_t count(const json_t *report, const char *rule, const char *object);
/* One audit, and how often one rule must be in it. */
void expect(const char *prefix, const char *arguments, int code,
	    const char *rule, const char *object, size_t times);
/* A shell command that must succeed. */
void must(const char *command);

#endif
