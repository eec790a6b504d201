#ifndef SIMULATOR_MAILDIR_H
#define SIMULATOR_MAILDIR_H
#include <stdbool.h>
#include <stddef.h>
/*
 * maildir - mails as files of a folder, each complete when it appears in new/.  Any thread.
 *
 * A file has LF line ends, and the envelope as Return-Path and Delivered-To before the mail.
 */
bool maildir_make(const char *folder); /* with tmp, new and cur; what is there already is good */
bool maildir_add(const char *folder, const char *from, const char *to, const char *mail, size_t len);
#endif
