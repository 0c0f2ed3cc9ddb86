/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/list.h"

#include <stddef.h>

void list_add(struct list **head, struct list *link)
{
	link->next = *head;
	link->at = head;
	if (link->next != NULL) {
		link->next->at = &link->next;
	}
	*head = link;
}

void list_remove(struct list *link)
{
	*link->at = link->next;
	if (link->next != NULL) {
		link->next->at = link->at;
	}
	link->next = NULL;
	link->at = NULL;
}

void list_move(struct list **head, struct list *link)
{
	list_remove(link);
	list_add(head, link);
}

void fifo_init(struct fifo *q)
{
	q->first = NULL;
	q->end = &q->first;
}

void fifo_add(struct fifo *q, struct list *link)
{
	list_add(q->end, link);
	q->end = &link->next;
}

void fifo_remove(struct fifo *q, struct list *link)
{
	if (q->end == &link->next) {
		q->end = link->at;
	}
	list_remove(link);
}
