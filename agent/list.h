/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LIST_H
#define AGENT_LIST_H

/*
 * list - objects in a list, by a link that is embedded in them.
 *
 * The head is a plain `struct list *`, NULL when empty; CONTAINER_OF gives the
 * object back. An object leaves its list without knowing which one it is in.
 */

struct list {
	struct list *next;
	struct list **at; /* what points to this link; NULL when it is in no list */
};

/* Puts a link that is in no list at the head of one. */
void list_add(struct list **head, struct list *link);

/* Takes a link out of the list that it is in. */
void list_remove(struct list *link);

/* From one list to the head of another. */
void list_move(struct list **head, struct list *link);

/* A list that is also known by its end: first come, first served. `first` is for all to read. */
struct fifo {
	struct list *first, **end;
};

void fifo_init(struct fifo *q);

/* Puts a link that is in no list at the end. */
void fifo_add(struct fifo *q, struct list *link);

/* Takes a link out, wherever it stands; one that is in another list leaves that. */
void fifo_remove(struct fifo *q, struct list *link);

#endif
