CREATE TYPE owner_kind AS ENUM ('pod', 'static');
COMMENT ON TYPE owner_kind IS 'A pod''s interface, or a person or device that holds an address reserved by hand.';
