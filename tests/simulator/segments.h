#ifndef SIMULATOR_SEGMENTS_H
#define SIMULATOR_SEGMENTS_H
/*
 * segments - how many parts a text takes as SMS.  Pure.
 *
 * GSM 03.38: 160 characters, or 153 for each part of several; a text with any other character is
 * sent as UCS-2, with 70 and 67.
 */
int sms_segments(const char *text); /* UTF-8; 1 for "" */
#endif
