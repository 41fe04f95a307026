"""Writing mail: from what a person types to the bytes that are submitted.

``values``           drafts, attachments, built messages, and where they stand
``addresses``        what is typed into To, Cc and the like, taken apart; wrong ones marked
``writer``           whom an account writes as, its own addresses, its signature
``original``         what a reply or forward needs to know of the message it starts from
``replying``         new, reply, reply to all, reply to the list
``forwarding``       forward inline, forward as attachment, bounce
``quoting``          the text quoted, the line above it
``subjects``         Re: and Fwd:, never stacked
``mailto``           a mailto: URI as the fields of a draft
``build``            draft → message: what is submitted, what is filed, what is kept as a draft
``parse_draft``      message → draft: a saved one, another client's, any message to edit as new
``flowed``           a body's lines as format=flowed and back
``fields``           header fields folded and encoded
``entities``         body parts and their transfer encoding
``seven_bit``        8bit made 7bit; what may travel at all
``mime``             a whole message taken apart
``draft_fields``     what only a saved draft says of itself
``draft_error``      what is wrong with a draft
``message_id``       Message-ID
``attaching``        a typed path as an attachment, and its completion
``content_type``     what a file is, by what is in it
``forgotten``        a text that speaks of an attachment there is not
``address_command``  the person's own address book program
"""
