/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_BOUNDS_H
#define TESTS_SIM_BOUNDS_H

/* bounds - the formulas of judge.h for one script, in seconds. */

#include "tests/sim/script.h"

double bound_detect_hard(const struct script *s); /* DETECT while dead or not serving */
double bound_detect(const struct script *s);      /* DETECT while ill in any way */
double bound_act(const struct script *s);         /* ACT */
double bound_up(const struct script *s);          /* UP */
double bound_listed(const struct script *s);      /* UP and the rest of L */
double bound_lapse(const struct script *s);       /* S2, after the last renewal was sent */

/* Without faults everything is as it should be, and no message is on its way, after so long. */
double bound_settled(const struct script *s);

#endif
