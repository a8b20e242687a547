/*
 * The system's headers of NT and of its security authority, in an order that
 * both SDKs take: ours of mingw-w64 and Microsoft's, where winternl.h and
 * ntsecapi.h each define UNICODE_STRING, unless _NTDEF_ says that it is there.
 */
#ifndef SBK_WINDOWS_NT_H
#define SBK_WINDOWS_NT_H

#include <windows.h>
#include <winternl.h>

/* Ntsecapi.h leaves both to ntdef.h then; again is no error (C11, 6.7). */
typedef NTSTATUS *PNTSTATUS;
#define _NTDEF_
#include <ntsecapi.h>
#undef _NTDEF_

#endif
