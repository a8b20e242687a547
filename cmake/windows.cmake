# What every program for Windows is built with, whatever the compiler.
# Windows 10 1809 and newer: pseudo consoles (HPCON) came with it. Not _UNICODE,
# by which vcpkg's getopt.h would take wide words.
add_compile_definitions(_WIN32_WINNT=0x0A00 NTDDI_VERSION=0x0A000006
	WIN32_LEAN_AND_MEAN UNICODE)

if(MINGW)
	# printf as C11 has it, and not as msvcrt.dll has it.
	add_compile_definitions(__USE_MINGW_ANSI_STDIO=1
		SBK_PRINTF_STYLE=gnu_printf)
	# No DLL but the system's: a program that may run elevated must not
	# find one beside itself.
	add_link_options(-static -static-libgcc -fstack-protector-strong -Wl,--dynamicbase
		-Wl,--nxcompat -Wl,--high-entropy-va)
endif()

if(MSVC)
	# An enumeration of ntifs.h, the drivers' header, which mingw's
	# winternl.h has and the SDK's has not.
	add_compile_definitions(FS_INFORMATION_CLASS=int)
endif()
