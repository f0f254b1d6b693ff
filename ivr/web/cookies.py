"""Names of our cookies, for Flask's side and the sockets' side."""

PAGE_COOKIE = "duet_page"  # stands for one caller's page
BEGUN_COOKIE = "duet_begun"  # stands for what was begun on the page before a call
DESK_COOKIE = "duet_desk"  # stands for a signed-in agent
FORM_COOKIE = "duet_form"  # before signing in: what the sign-in form was drawn for
