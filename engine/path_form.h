/*
 * How this system writes a path. Inside, each path is UTF-8 with '/' between
 * its components (engine/path.h); what stands before the first of them is the
 * system's: nothing ("/home/ann"), or a drive ("C:/Users/ann"). Asks no system.
 * Linked from the system's folder.
 */
#ifndef SBK_PATH_FORM_H
#define SBK_PATH_FORM_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes of an absolute path stand before its first slash, into *root:
 * 0 of "/a", 2 of "C:/a". False: it is not absolute. */
bool sbk_path_root(const char *path, size_t *root);
bool sbk_path_is_absolute(const char *path);

/* A path as people and programs of this system write it, made ours in place,
 * and back: '\' for '/' on Windows. */
void sbk_path_take(char *text);
void sbk_path_give(char *text);

/* Why a path that was taken is of a form that names no place here ("names a
 * drive and no place on it"), or NULL. Static. */
const char *sbk_path_form_problem(const char *text);

/* The name of a variable as it is compared here: in upper case where case does
 * not tell two of them apart. In place. */
void sbk_variable_fold(char *name, size_t size);

#endif
