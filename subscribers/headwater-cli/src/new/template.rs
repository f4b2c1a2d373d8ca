/// Several templates of the same values: one type for each, so that each is checked when this is compiled. A template
/// sees the fields of what it is made of.
macro_rules! templates {
    ($of:ident: $($name:ident = $path:literal,)+) => {
        $(
            #[derive(askama::Template)]
            #[template(path = $path, escape = "none")]
            struct $name<'s>(&'s $of);

            impl std::ops::Deref for $name<'_> {
                type Target = $of;

                fn deref(&self) -> &$of {
                    self.0
                }
            }
        )+
    };
}

pub(super) use templates;
