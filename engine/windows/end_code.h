/*
 * Exit codes by which the system says that it ended a process itself, or never
 * let it begin. Portable.
 */
#ifndef SBK_WINDOWS_END_CODE_H
#define SBK_WINDOWS_END_CODE_H

#include <stdint.h>

/*
 * What the code means and what can be done, as a part of a sentence; NULL where
 * it is not known: then it may be the program's own. Static.
 */
const char *sbk_end_code_reason(uint32_t code);

#endif
