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
