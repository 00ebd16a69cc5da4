local common = include "/etc/passwd"
return scenario {}
