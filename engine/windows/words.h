/*
 * The words of a command line: UTF-16 outside, UTF-8 below.
 */
#ifndef SBK_WINDOWS_WORDS_H
#define SBK_WINDOWS_WORDS_H

#include <wchar.h>

/* NULL-ended, as long as the program lives; NULL when memory is gone. */
char **sbk_words_narrow(int argc, wchar_t *const *wide);

#endif
