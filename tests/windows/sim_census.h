/*
 * What the simulation (sim.h) lists of itself: keys and values of its registry,
 * who holds a right, and its one volume, C:, as the pages that win32_census.h
 * names have them.
 */
#ifndef SBK_TEST_SIM_CENSUS_H
#define SBK_TEST_SIM_CENSUS_H

#include "engine/windows/win32_census.h"

extern const struct sbk_win32_census sim_census_table;

#endif
