/*
 * Calls that we do not use, turned into compile errors. Include it last in
 * each .c file, after the system's headers.
 */
#ifndef SBK_BANNED_H
#define SBK_BANNED_H

#define SBK_BANNED(name) sbk_banned_call_##name##_see_engine_banned_h

#undef strcpy
#define strcpy(...) SBK_BANNED(strcpy)
#undef strcat
#define strcat(...) SBK_BANNED(strcat)
#undef strncpy
#define strncpy(...) SBK_BANNED(strncpy)
#undef sprintf
#define sprintf(...) SBK_BANNED(sprintf)
#undef strtok
#define strtok(...) SBK_BANNED(strtok)
#undef atoi
#define atoi(...) SBK_BANNED(atoi)
#undef gets
#define gets(...) SBK_BANNED(gets)
#undef system
#define system(...) SBK_BANNED(system)
#undef popen
#define popen(...) SBK_BANNED(popen)
#undef alloca
#define alloca(...) SBK_BANNED(alloca)

#endif
